import { loadPeer, NOT_INSTALLED, versionOf } from '../lib/peers';
import type { RedisServer } from '../lib/redis';
import { handle, startPeerWorker, stopBy } from './peer-worker';
import { CONCURRENCY, type QueueSide, type QueueSideOrReason } from './queue-side';
import type { Task } from './task';

export { nextReport, stopWorker, usage } from './peer-worker';

// What is used of BullMQ.

interface Bullmq {
  readonly Queue: new (name: string, options: Options) => Queue;
  readonly Worker: new (
    name: string,
    process: (job: { readonly data: Task }) => Promise<void>,
    options: Options & { concurrency: number },
  ) => { close(): Promise<void> };
}

interface Options {
  readonly connection: { readonly host: string; readonly port: number };
}

interface Queue {
  add(name: string, data: Task): Promise<unknown>;
  addBulk(jobs: readonly { readonly name: string; readonly data: Task }[]): Promise<unknown>;
  close(): Promise<void>;
}

const QUEUE = 'tasks';
const NAME = 'task';

/** BullMQ on a redis-server, as it is by default: what is done is kept. What is dispatched at once goes out as one bulk. */
export async function bullmqSide(server: RedisServer | undefined): Promise<QueueSideOrReason> {
  const bullmq = await loadPeer<Bullmq>('bullmq');
  if (bullmq === undefined) return NOT_INSTALLED;
  if (server === undefined) return 'left out: no redis-server on PATH';
  const queue = new bullmq.Queue(QUEUE, optionsOf(server));
  return sideOf(queue, server);
}

function sideOf(queue: Queue, { port, version }: RedisServer): QueueSide {
  return {
    settings: `${versionOf('bullmq')}, Redis ${version} without persistence, concurrency ${CONCURRENCY}`,
    dispatch: (task) => queue.add(NAME, task),
    dispatchAll: (tasks) => queue.addBulk(tasks.map((data) => ({ name: NAME, data }))),
    startWorker: () => startPeerWorker(__filename, workBullmq, { port }),
    close: () => queue.close(),
  };
}

function optionsOf({ port }: { readonly port: number }): Options {
  return { connection: { host: '127.0.0.1', port } };
}

/** Runs in the worker's process. */
export async function workBullmq(server: { readonly port: number }): Promise<void> {
  const bullmq = await loadPeer<Bullmq>('bullmq');
  if (bullmq === undefined) throw new Error(NOT_INSTALLED);
  const options = { ...optionsOf(server), concurrency: CONCURRENCY };
  const worker = new bullmq.Worker(QUEUE, async ({ data }) => handle(data), options);
  stopBy(() => worker.close());
}
