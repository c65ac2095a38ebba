import type { WhileAwake } from '../lib/awake';
import { atMost, type Floor } from '../lib/benchmark';
import { interleave, type Side } from '../lib/rounds';
import { percentile, show, spread } from '../lib/statistics';
import { printTable } from '../lib/table';
import { delay, monotonicMs } from '../lib/time';
import type { QueueSide, QueueWorker } from './queue-side';
import { AWAKE, present, TITLES, type SideName, type Sides } from './sides';

const SIDES: readonly SideName[] = ['trilite', 'triliteAwake', 'bullmq', 'bullmqAwake'];
/** Jobs in a round. One comes every 10 to 30 ms. */
const JOBS = 100;
const ROUND_MS = JOBS * 20;

/** For each round, how late each job began. */
type Rounds = Readonly<Partial<Record<SideName, readonly Float64Array[]>>>;

/** Dispatches a job now and then to a worker that waits for one in another process. */
export async function measurePickingUp(
  sides: Sides,
  seconds: number,
  whileAwake: WhileAwake,
): Promise<Floor[]> {
  const workers = new Map<QueueSide, QueueWorker>();
  try {
    const runs: [string, Side<Float64Array>][] = [];
    for (const [name, side] of present(sides, SIDES)) {
      const worker = workers.get(side) ?? (await side.startWorker?.());
      if (worker === undefined) continue;
      if (!workers.has(side)) await dispatchFor(side, worker, 1); // it is up when it has done one
      workers.set(side, worker);
      const round = (): Promise<Float64Array> => dispatchFor(side, worker, JOBS);
      runs.push([name, AWAKE.has(name) ? () => whileAwake(ROUND_MS, round) : round]);
    }
    return report(sides, await interleave(seconds, Object.fromEntries(runs)));
  } finally {
    for (const worker of workers.values()) await worker.stop();
  }
}

/** Dispatches some jobs. @returns how many milliseconds after dispatch was called each of them began */
async function dispatchFor(
  side: QueueSide,
  worker: QueueWorker,
  jobs: number,
): Promise<Float64Array> {
  const [{ lateMs }] = await Promise.all([worker.report(), dispatchNowAndThen(side, jobs)]);
  return lateMs;
}

async function dispatchNowAndThen(side: QueueSide, jobs: number): Promise<void> {
  for (let job = 0; job < jobs; job += 1) {
    await delay(10 + ((job * 13) % 21));
    await side.dispatch({ askedAt: monotonicMs(), of: jobs });
  }
}

function report(sides: Sides, rounds: Rounds): Floor[] {
  const rows = SIDES.map((name) => {
    const side = sides[name];
    return typeof side === 'string' ? [TITLES[name], side] : [TITLES[name], ...cells(rounds[name])];
  });
  const what = 'from dispatch to the begin of the job';
  printTable([what, 'jobs', 'p50 ms', 'p50 of each round', 'p99 ms', 'worst ms'], rows);
  const late = joined(rounds.trilite);
  return [
    atMost(2, { what: 'pick-up, p50', value: percentile(late, 50), unit: ' ms' }),
    atMost(25, { what: 'pick-up, p99', value: percentile(late, 99), unit: ' ms' }),
  ];
}

function cells(rounds: readonly Float64Array[] = []): string[] {
  const late = joined(rounds);
  const at = (share: number): string => show(percentile(late, share), 2);
  const medians = rounds.map((round) => percentile(round, 50));
  return [show(late.length), at(50), spread(medians, 2), at(99), at(100)];
}

function joined(rounds: readonly Float64Array[] = []): number[] {
  return rounds.flatMap((round) => [...round]);
}
