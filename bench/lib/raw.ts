import BetterSqlite3 from 'better-sqlite3';
import type { Connection } from './application';

/** better-sqlite3 by hand. */
export type Raw = BetterSqlite3.Database;

/** A file, and how it is to be opened by hand. Goes to other processes. */
export interface RawFile {
  readonly file: string;
  readonly pragmas: Readonly<Record<string, string>>;
}

/** What is set on a handle. The rest (journal mode, page size, auto_vacuum) is in the file. */
const HANDLE_PRAGMAS = [
  'synchronous',
  'foreign_keys',
  'temp_store',
  'cache_size',
  'mmap_size',
  'journal_size_limit',
  'wal_autocheckpoint',
];

/** The connection's file with the pragmas that the connection itself has now: both sides cannot but have the same. */
export async function rawLike(connection: Connection): Promise<RawFile> {
  const values = await connection.read((handle) =>
    HANDLE_PRAGMAS.map((name) => [name, String(handle.pragma(name))]),
  );
  return { file: connection.file, pragmas: Object.fromEntries(values) as Record<string, string> };
}

/** Opens a handle. @param timeout how many milliseconds SQLite's own busy handler sleeps, and this process with it */
export function openRaw({ file, pragmas }: RawFile, timeout: number): Raw {
  const raw = new BetterSqlite3(file, { timeout, fileMustExist: true });
  for (const [name, value] of Object.entries(pragmas)) raw.pragma(`${name} = ${value}`);
  return raw;
}
