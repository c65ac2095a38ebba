import { monotonicMs } from './time';

/** One side of a comparison: runs once, and answers what it measured. */
export type Side<T> = () => Promise<T>;

/**
 * Runs the sides in turn, round after round, until each had its seconds. What the machine does beside us changes from second to second: so
 * sides that are compared run within the same seconds, and each round begins with another side, so that nobody always follows the same one.
 * The first round is measured like the others: either everybody is warm, or nobody.
 */
export async function interleave<T, Name extends string>(
  seconds: number,
  sides: Readonly<Record<Name, Side<T>>>,
): Promise<Record<Name, T[]>> {
  const names = Object.keys(sides) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    T[]
  >;
  const end = monotonicMs() + seconds * 1000 * names.length;
  for (let round = 0; round === 0 || monotonicMs() < end; round += 1) {
    for (const [index] of names.entries()) {
      const name = names[(round + index) % names.length] as Name;
      results[name].push(await sides[name]());
    }
  }
  return results;
}
