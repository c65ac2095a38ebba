/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const [below, above] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((below ?? NaN) + (above ?? NaN)) / 2;
}

/** The value that a share of the values, in percent, does not exceed: 100 is the greatest. */
export function percentile(values: ArrayLike<number>, percent: number): number {
  const sorted = Float64Array.from(values).sort();
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.max(0, rank - 1)] ?? NaN;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The ratio of a figure in each round. Both sides of a round met much the same machine; medians of each side alone need not have. */
export function ratios<T>(
  ones: readonly T[],
  others: readonly T[],
  figure: (result: T) => number,
): number[] {
  return others.map((other, round) => figure(ones[round] as T) / figure(other));
}

/** A median with its spread, least to greatest: `1,234 (1,100–1,300)`; nothing where nothing was measured. */
export function spread(values: readonly number[], digits = 0): string {
  const middle = median(values);
  if (Number.isNaN(middle)) return '';
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  if (values.length === 1) return show(middle, digits);
  return `${show(middle, digits)} (${show(least, digits)}–${show(greatest, digits)})`;
}

export function show(value: number, digits = 0): string {
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
