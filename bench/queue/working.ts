import { atLeast, type Floor } from '../lib/benchmark';
import { interleave, type Side } from '../lib/rounds';
import { median, ratios, show, spread } from '../lib/statistics';
import { printTable } from '../lib/table';
import type { QueueSide } from './queue-side';
import { present, TITLES, type SideName, type Sides } from './sides';
import { tasks } from './task';

const SIDES: readonly SideName[] = ['trilite', 'triliteQuiet', 'plainjob', 'bullmq'];
const JOBS = 20_000;
/** How many are dispatched at once while a queue is filled. */
const AT_ONCE = 1000;

/** What one worker made of a full queue. */
interface Work {
  readonly jobsPerSecond: number;
  readonly cpuMicrosPerJob: number;
}

type Rounds = Readonly<Partial<Record<SideName, readonly Work[]>>>;

/** Fills every queue, and has one worker process empty it: in each round a new one. */
export async function measureWorking(sides: Sides, seconds: number): Promise<Floor[]> {
  const runs = present(sides, SIDES).map(([name, side]): [string, Side<Work>] => [
    name,
    () => fillAndWork(side),
  ]);
  const rounds: Rounds = await interleave(seconds, Object.fromEntries(runs));
  print(sides, rounds);
  return [
    ...floor('jobs to BullMQ', 1, rounds, 'bullmq'),
    ...floor('jobs to plainjob', 2, rounds, 'plainjob'),
  ];
}

/** Measures from the begin of the first job to the end of the last. */
async function fillAndWork(side: QueueSide): Promise<Work> {
  const all = tasks(JOBS);
  for (let from = 0; from < JOBS; from += AT_ONCE) {
    await side.dispatchAll(all.slice(from, from + AT_ONCE));
  }
  const worker = await side.startWorker?.();
  if (worker === undefined) return { jobsPerSecond: NaN, cpuMicrosPerJob: NaN };
  try {
    const { tookMs, cpuMs } = await worker.report();
    return { jobsPerSecond: (JOBS * 1000) / tookMs, cpuMicrosPerJob: (cpuMs * 1000) / JOBS };
  } finally {
    await worker.stop();
  }
}

function print(sides: Sides, rounds: Rounds): void {
  const rows = SIDES.map((name) => {
    const side = sides[name];
    if (typeof side === 'string') return [TITLES[name], side];
    const of = (ours: SideName): string =>
      name.startsWith('trilite') ? '' : spread(toSide(rounds, ours, name), 2);
    const own = rounds[name] ?? [];
    return [
      TITLES[name],
      spread(own.map(({ jobsPerSecond }) => jobsPerSecond)),
      of('trilite'),
      of('triliteQuiet'),
      spread(own.map(({ cpuMicrosPerJob }) => cpuMicrosPerJob)),
    ];
  });
  const what = `${show(JOBS)} jobs with nothing to do, one worker`;
  const headings = [what, 'a second', 'Trilite to it', 'Trilite, --quiet, to it', 'CPU µs a job'];
  printTable(headings, rows);
}

function floor(what: string, limit: number, rounds: Rounds, name: SideName): Floor[] {
  const value = median(toSide(rounds, 'trilite', name));
  return Number.isNaN(value) ? [] : [atLeast(limit, { what, value, unit: '×' })];
}

/** How many times as fast as a side one of ours is, in each round. */
function toSide(rounds: Rounds, ours: SideName, name: SideName): number[] {
  return ratios(rounds[ours] ?? [], rounds[name] ?? [], ({ jobsPerSecond }) => jobsPerSecond);
}
