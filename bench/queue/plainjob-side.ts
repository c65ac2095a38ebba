import { loadPeer, NOT_INSTALLED, versionOf } from '../lib/peers';
import { openRaw, type Raw, type RawFile } from '../lib/raw';
import { handle, startPeerWorker, stopBy } from './peer-worker';
import type { QueueSideOrReason } from './queue-side';
import type { Task } from './task';

export { nextReport, stopWorker, usage } from './peer-worker';

// What is used of plainjob.

interface Plainjob {
  readonly better: (database: Raw) => unknown;
  readonly defineQueue: (options: { connection: unknown; logger: Logger }) => Queue;
  readonly defineWorker: (
    type: string,
    process: (job: { readonly data: string }) => Promise<void>,
    options: { queue: Queue; logger: Logger },
  ) => Worker;
}

interface Queue {
  add(type: string, data: Task): unknown;
  addMany(type: string, data: readonly Task[]): unknown;
  close(): void;
}

interface Worker {
  start(): Promise<void>;
  stop(): Promise<void>;
}

type Logger = Readonly<Record<'debug' | 'info' | 'warn' | 'error', (text: string) => void>>;

const TYPE = 'task';
/** As long as Trilite waits by default. */
const TIMEOUT_MS = 5000;

/** By default it writes several lines to the console for each job. */
const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (text) => console.error(text),
};

/** plainjob on a file that nothing else uses. It runs one job at a time. What is dispatched at once is one transaction. */
export async function plainjobSide(file: RawFile): Promise<QueueSideOrReason> {
  const plainjob = await loadPeer<Plainjob>('plainjob');
  if (plainjob === undefined) return NOT_INSTALLED;
  const queue = openQueue(plainjob, file);
  return {
    settings: `${versionOf('plainjob')}, logger off, one job at a time`,
    dispatch: async (task) => queue.add(TYPE, task),
    dispatchAll: async (tasks) => queue.addMany(TYPE, tasks),
    startWorker: () => startPeerWorker(__filename, workPlainjob, file),
    close: async () => queue.close(),
  };
}

function openQueue(plainjob: Plainjob, file: RawFile): Queue {
  const connection = plainjob.better(openRaw(file, TIMEOUT_MS));
  return plainjob.defineQueue({ connection, logger: SILENT });
}

/** Runs in the worker's process. */
export async function workPlainjob(file: RawFile): Promise<void> {
  const plainjob = await loadPeer<Plainjob>('plainjob');
  if (plainjob === undefined) throw new Error(NOT_INSTALLED);
  const queue = openQueue(plainjob, file);
  const process = async ({ data }: { readonly data: string }): Promise<void> =>
    handle(JSON.parse(data) as Task);
  const worker = plainjob.defineWorker(TYPE, process, { queue, logger: SILENT });
  let working: Promise<void> | undefined;
  // Later, for it lets no event through until the queue is empty: not even the answer to who started it
  setImmediate(() => {
    working = worker.start();
  });
  stopBy(async () => {
    await worker.stop();
    await working;
    queue.close();
  });
}
