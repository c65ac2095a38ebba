const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** A number of bytes as a person reads it, in units of 1024: `512 B`, `64 KB`, `1.5 GB`. */
export function humanBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = Math.round((bytes / 1024 ** power) * 10) / 10;
  return `${amount} ${UNITS[power] ?? 'B'}`;
}
