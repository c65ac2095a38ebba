import { join } from 'node:path';
import { atMost, type Benchmark, type Floor } from './lib/benchmark';
import { show } from './lib/statistics';
import { printTable } from './lib/table';
import { delay } from './lib/time';
import { doNothing, startPeerWorker } from './queue/peer-worker';
import type { QueueWorker } from './queue/queue-side';
import { present, printSettings, TITLES, withSides, type SideName } from './queue/sides';
import type { Usage } from './queue/usage';

/*
 * Workers that wait, each in a process of its own, all in the same minute: how much CPU time they take. "Nothing" is a process that waits for
 * a message. What a peer's server takes meanwhile is not in it.
 */

const SIDES: readonly SideName[] = ['trilite', 'plainjob', 'bullmq'];
/** In the first seconds that it is idle, Node collects the garbage of its start: that is over by then. */
const SETTLE_MS = 20_000;

export const queueIdle: Benchmark = {
  name: 'queue-idle',
  shows: 'CPU time of a worker that waits for jobs',
  seconds: { alone: 60, among: 10 },

  run: ({ folder, seconds }) =>
    withSides(join(folder, 'queues'), async (sides) => {
      printSettings(sides, SIDES);
      const workers = new Map<string, QueueWorker>();
      try {
        for (const [name, side] of present(sides, SIDES)) {
          const worker = await side.startWorker?.();
          if (worker !== undefined) workers.set(TITLES[name], worker);
        }
        const file = require.resolve('./queue/peer-worker');
        workers.set('nothing', await startPeerWorker(file, doNothing, undefined));
        return report(await watch(workers, seconds * 1000));
      } finally {
        for (const worker of workers.values()) await worker.stop();
      }
    }),
};

/** What each of the workers used in between. */
interface Watched {
  readonly name: string;
  readonly cpuShare: number;
  readonly waitsPerSecond: number;
}

async function watch(
  workers: ReadonlyMap<string, QueueWorker>,
  milliseconds: number,
): Promise<Watched[]> {
  await used(workers); // each is up when it has answered
  await delay(SETTLE_MS);
  const before = await used(workers);
  await delay(milliseconds);
  const after = await used(workers);
  return [...workers.keys()].map((name, index) =>
    between(name, before[index] as Usage, after[index] as Usage),
  );
}

function used(workers: ReadonlyMap<string, QueueWorker>): Promise<Usage[]> {
  return Promise.all([...workers.values()].map((worker) => worker.usage()));
}

function between(name: string, before: Usage, after: Usage): Watched {
  const elapsedMs = after.atMs - before.atMs;
  return {
    name,
    cpuShare: (after.cpuMs - before.cpuMs) / elapsedMs,
    waitsPerSecond: ((after.waits - before.waits) * 1000) / elapsedMs,
  };
}

function report(watched: readonly Watched[]): Floor[] {
  const rows = watched.map(({ name, cpuShare, waitsPerSecond }) => [
    name,
    show(cpuShare * 100, 3),
    show(waitsPerSecond, 1),
  ]);
  printTable(['a worker without jobs', '% of a core', 'waits a second'], rows);
  const trilite = watched.find(({ name }) => name === TITLES.trilite);
  const value = (trilite?.cpuShare ?? NaN) * 100;
  return [atMost(0.2, { what: 'CPU time of an idle worker', value, unit: ' %' })];
}
