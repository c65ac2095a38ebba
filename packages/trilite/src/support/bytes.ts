const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** A number of bytes as a person reads it, in units of 1024: `512 B`, `1.5 KB`, `64 MB`. */
export function humanBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1024 ** power;
  const digits = power === 0 || amount >= 100 ? 0 : 1;
  return `${Number(amount.toFixed(digits))} ${UNITS[power] ?? ''}`;
}
