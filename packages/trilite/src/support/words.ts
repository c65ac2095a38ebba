/** The words of a line; what stands in "quotes" is one. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/((?:"[^"]*"|[^\s"])+)/g)].map(([word]) => word.replaceAll('"', ''));
}
