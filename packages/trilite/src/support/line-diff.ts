/**
 * The lines that differ between two texts, in their order: `- ` before a line of the first alone, `+ ` before one of the second alone.
 *
 * @see https://en.wikipedia.org/wiki/Longest_common_subsequence
 */
export function lineDiff(first: string, second: string): string[] {
  const [before, after] = [linesOf(first), linesOf(second)];
  const common = commonLengths(before, after);
  const commonFrom = (row: number, column: number): number => common[row]?.[column] ?? 0;
  const lines: string[] = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    if (row < before.length && before[row] === after[column]) {
      row += 1;
      column += 1;
    } else if (
      column === after.length ||
      (row < before.length && commonFrom(row + 1, column) >= commonFrom(row, column + 1))
    ) {
      lines.push(`- ${before[row] ?? ''}`);
      row += 1;
    } else {
      lines.push(`+ ${after[column] ?? ''}`);
      column += 1;
    }
  }
  return lines;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}

/** How many lines the rests of both have in common, from each pair of places. */
function commonLengths(before: readonly string[], after: readonly string[]): number[][] {
  const lengths = Array.from({ length: before.length + 1 }, () =>
    new Array<number>(after.length + 1).fill(0),
  );
  for (let row = before.length - 1; row >= 0; row -= 1) {
    const [here = [], below = []] = [lengths[row], lengths[row + 1]];
    for (let column = after.length - 1; column >= 0; column -= 1) {
      here[column] =
        before[row] === after[column]
          ? (below[column + 1] ?? 0) + 1
          : Math.max(below[column] ?? 0, here[column + 1] ?? 0);
    }
  }
  return lengths;
}
