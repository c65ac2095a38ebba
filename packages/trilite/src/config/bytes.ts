const BYTES_PER_UNIT = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;
const PATTERN = /^(\d+)(b|kb|mb|gb)$/;

/** The bytes of a size with a unit (`'512b'`, `'64kb'`, `'16mb'`, `'2gb'`; units of 1024), or undefined when it is none. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit] = PATTERN.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Number(amount) * BYTES_PER_UNIT[unit as keyof typeof BYTES_PER_UNIT];
}
