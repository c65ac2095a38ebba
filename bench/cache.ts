import { deepStrictEqual } from 'node:assert';
import type { CacheSide } from './cache/cache-side';
import { everyEntry, nextEntry, randomKey } from './cache/entries';
import { AWAKE, present, TITLES, withSides, type SideName, type Sides } from './cache/sides';
import { withAwakeCores, type WhileAwake } from './lib/awake';
import { atLeast, type Benchmark, type Floor } from './lib/benchmark';
import { interleave } from './lib/rounds';
import { rateOf, SLICE_MS } from './lib/slice';
import { median, ratios, spread } from './lib/statistics';
import { printTable } from './lib/table';

/*
 * One process gets and puts the same objects in Trilite's caches, by hand, in Redis and in other caches of Node. Each side has 10,000
 * entries, and each that is in a file has a file of its own with the same pragmas. By hand means a prepared statement, the same JSON, and the
 * same look at the time of expiry. Every call of every side is awaited.
 */

const AT_ONCE = 1000;
/** Calls between two looks at the clock. */
const CALLS = 50;

/** Calls, or entries, a second: in each round of each side that is there. */
type Rates = Readonly<Partial<Record<SideName, readonly number[]>>>;
type Slice = () => Promise<number>;
type RateOf = (side: CacheSide) => Promise<number>;

export const cache: Benchmark = {
  name: 'cache',
  shows: 'objects of 200 bytes, got and put in Trilite, by hand, in Redis and in other caches',
  seconds: { alone: 3, among: 0.75 },

  run: ({ folder, seconds }) =>
    withSides(folder, (sides) =>
      withAwakeCores(async (whileAwake) => {
        for (const side of present(sides)) await fill(side);
        const measured = (rateOf: RateOf): Promise<Rates> =>
          interleave(seconds, slices(sides, rateOf, whileAwake));
        return report(sides, {
          gets: await measured(getsOf),
          puts: await measured(putsOf),
          batches: await measured(batchesOf),
        });
      }),
    ),
};

/** Puts every entry, and sees that they come back. */
async function fill(side: CacheSide): Promise<void> {
  const entries = everyEntry();
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    await side.putAll(entries.slice(from, from + AT_ONCE));
  }
  for (const { key, value } of entries) deepStrictEqual(await side.get(key), value);
}

/** What is measured of each side that there is, in one slice of time. */
function slices(
  sides: Sides,
  rateOf: RateOf,
  whileAwake: WhileAwake,
): Readonly<Record<string, Slice>> {
  const there = Object.entries(sides).flatMap(([name, side]): [string, Slice][] => {
    if (typeof side === 'string') return [];
    const slice: Slice = () => rateOf(side);
    return [[name, AWAKE.has(name as SideName) ? () => whileAwake(SLICE_MS, slice) : slice]];
  });
  return Object.fromEntries(there);
}

function getsOf(side: CacheSide): Promise<number> {
  return rateOf(CALLS, async () => {
    for (let call = 0; call < CALLS; call += 1) await side.get(randomKey());
  });
}

function putsOf(side: CacheSide): Promise<number> {
  return rateOf(CALLS, async () => {
    for (let call = 0; call < CALLS; call += 1) await side.put(nextEntry());
  });
}

function batchesOf(side: CacheSide): Promise<number> {
  return rateOf(AT_ONCE, () => side.putAll(Array.from({ length: AT_ONCE }, nextEntry)));
}

function report(
  sides: Sides,
  { gets, puts, batches }: Readonly<Record<'gets' | 'puts' | 'batches', Rates>>,
): Floor[] {
  print('get of a hit, one by one', sides, gets);
  print('put with a ttl, one by one', sides, puts);
  print(`put with a ttl, ${AT_ONCE} at once`, sides, batches);
  const floor = (what: string, limit: number, rates: Rates, name: SideName): Floor[] => {
    const value = median(toSide(rates, name));
    return Number.isNaN(value) ? [] : [atLeast(limit, { what, value, unit: '×' })];
  };
  return [
    ...floor('get to by hand', 0.6, gets, 'byHand'),
    ...floor('get to Redis', 6, gets, 'redis'),
    ...floor('put to by hand, one by one', 0.5, puts, 'byHand'),
    ...floor(`put to by hand, ${AT_ONCE} at once`, 0.3, batches, 'byHand'),
  ];
}

function print(what: string, sides: Sides, rates: Rates): void {
  const rows = Object.entries(TITLES).map(([key, title]) => {
    const name = key as SideName;
    const side = sides[name];
    if (typeof side === 'string') return [title, side];
    const ratio = name === 'trilite' ? '' : spread(toSide(rates, name), 2);
    return [title, spread(rates[name] ?? []), ratio];
  });
  printTable([what, 'a second', 'Trilite, SQLite to it'], rows);
}

/** How many times as fast as a side Trilite's cache in a file is, in each round. */
function toSide(rates: Rates, name: SideName): number[] {
  return ratios(rates.trilite ?? [], rates[name] ?? [], (rate) => rate);
}
