import type { WhileAwake } from '../lib/awake';
import { atLeast, type Floor } from '../lib/benchmark';
import { interleave, type Side } from '../lib/rounds';
import { rateOf, SLICE_MS } from '../lib/slice';
import { median, ratios, spread } from '../lib/statistics';
import { printTable } from '../lib/table';
import type { QueueSide } from './queue-side';
import { AWAKE, present, TITLES, type SideName, type Sides } from './sides';
import { tasks } from './task';

const SIDES: readonly SideName[] = ['trilite', 'byHand', 'plainjob', 'bullmq', 'bullmqAwake'];
const AT_ONCE = 1000;
/** Calls between two looks at the clock. */
const CALLS = 50;

type Rates = Readonly<Partial<Record<SideName, readonly number[]>>>;
type RateOf = (side: QueueSide) => Promise<number>;

/** Dispatches to every side, one job after the other and 1,000 at once. */
export async function measureDispatching(
  sides: Sides,
  seconds: number,
  whileAwake: WhileAwake,
): Promise<Floor[]> {
  const measured = (rate: RateOf): Promise<Rates> =>
    interleave(seconds, slices(sides, rate, whileAwake));
  const single = await measured(singlesOf);
  const batches = await measured(batchesOf);
  print('dispatch, one by one', sides, single);
  print(`dispatch, ${AT_ONCE} at once`, sides, batches);
  return [
    floor('dispatch to by hand, one by one', 0.4, single),
    floor(`dispatch to by hand, ${AT_ONCE} at once`, 0.3, batches),
  ];
}

function slices(
  sides: Sides,
  rate: RateOf,
  whileAwake: WhileAwake,
): Readonly<Record<string, Side<number>>> {
  const there = present(sides, SIDES).map(([name, side]): [string, Side<number>] => {
    const slice = (): Promise<number> => rate(side);
    return [name, AWAKE.has(name) ? () => whileAwake(SLICE_MS, slice) : slice];
  });
  return Object.fromEntries(there);
}

function singlesOf(side: QueueSide): Promise<number> {
  return rateOf(CALLS, async () => {
    for (const task of tasks(CALLS)) await side.dispatch(task);
  });
}

function batchesOf(side: QueueSide): Promise<number> {
  return rateOf(AT_ONCE, () => side.dispatchAll(tasks(AT_ONCE)));
}

function print(what: string, sides: Sides, rates: Rates): void {
  const rows = SIDES.map((name) => {
    const side = sides[name];
    if (typeof side === 'string') return [TITLES[name], side];
    const ratio = name === 'trilite' ? '' : spread(toSide(rates, name), 2);
    return [TITLES[name], spread(rates[name] ?? []), ratio];
  });
  printTable([what, 'a second', 'Trilite to it'], rows);
}

function floor(what: string, limit: number, rates: Rates): Floor {
  return atLeast(limit, { what, value: median(toSide(rates, 'byHand')), unit: '×' });
}

/** How many times as fast as a side Trilite is, in each round. */
function toSide(rates: Rates, name: SideName): number[] {
  return ratios(rates.trilite ?? [], rates[name] ?? [], (rate) => rate);
}
