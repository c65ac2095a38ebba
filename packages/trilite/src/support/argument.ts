/**
 * Refuses an argument that is no whole number, or too small a one.
 *
 * @throws RangeError naming the argument
 */
export function requireWholeNumber(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(
    `Expected \`${name}\` to be a whole number of at least ${least}, got \`${String(value)}\`.`,
  );
}
