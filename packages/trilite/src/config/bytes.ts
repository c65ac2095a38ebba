const BYTES_PER_UNIT = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;
const PATTERN = /^(\d+)(b|kb|mb|gb)$/;

/** Bytes that the files of a tenant may be bound to at least: an empty one with Trilite's own tables has to fit. */
export const SMALLEST_TENANT_FILE = { database: 65_536, cache: 65_536, queue: 262_144 } as const;

/** The bytes of a size with a unit (`'512b'`, `'64kb'`, `'16mb'`, `'2gb'`; units of 1024), or undefined when it is none. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit] = PATTERN.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Number(amount) * BYTES_PER_UNIT[unit as keyof typeof BYTES_PER_UNIT];
}
