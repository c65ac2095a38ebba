/** The code of an error of Trilite or SQLite. */
export function errorCodeOf(error: unknown): string {
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' && code !== '' ? code : String(error);
}

/** Whether a write failed because the file was locked. */
export function isLockError(error: unknown): boolean {
  return /^(E_DATABASE_BUSY$|SQLITE_BUSY)/.test(errorCodeOf(error));
}
