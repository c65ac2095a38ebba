import { nearest } from '../../support/nearest';

/** What is said of what there is, of a name that is not there: the nearest ones, or nothing. */
export function nearHint(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near.length === 0 ? '' : `, only ${near.map((one) => `"${one}"`).join(', ')}`;
}
