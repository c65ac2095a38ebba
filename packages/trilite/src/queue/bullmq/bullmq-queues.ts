import type { IQueueBackend, Queue, QueueEvents, Worker } from 'bullmq';
import { clock } from '../../support/clock';
import type { NewJob } from '../queue-store';
import {
  keyOf,
  toOptions,
  toStored,
  type BullmqJob,
  type Ending,
  type StoredJob,
} from './bullmq-job';

/** Where the server is. */
export interface BullmqOptions {
  /** `redis://` or, with TLS, `rediss://`, then `user:password@host:port/database`. */
  readonly url: string;
  /** What the keys of all its queues begin with. */
  readonly prefix: string;
  /** Whether jobs that are done are kept until they are pruned; else they are removed at once. Default: true. */
  readonly keepsDone?: boolean;
}

/** The queue whose meta data says what belongs to no queue. No queue of an application can have its name. */
export const SIGNALS = '~signals';

/** Events that happened shortly before are told as well: a subscription begins some time after it is asked for. */
const EVENTS_SINCE_MS = 60_000;

/** Where failed jobs lie, and where jobs do that wait, in the order in which they come by. */
export const FAILED = ['failed'] as const;
export const WAITING = ['delayed', 'prioritized', 'wait'] as const;

/** Takes a job from the first of some places that has it. */
const TAKE = `
  for _, place in ipairs(KEYS) do
    local isList = redis.call('type', place).ok == 'list'
    local taken = isList and redis.call('lrem', place, 1, ARGV[1]) or redis.call('zrem', place, ARGV[1])
    if taken == 1 then return 1 end
  end
  return 0`;

type JobQueue = Queue<BullmqJob, Ending, string, StoredJob, Ending, string>;
type JobWorker = Worker<StoredJob, Ending>;

/** The queues of a server, each with its connections, opened when they are first used. */
export class BullmqQueues {
  // Optional: only who has such a queue installs it
  readonly #bullmq = require('bullmq') as typeof import('bullmq');
  readonly #options: BullmqOptions;
  readonly #queues = new Map<string, JobQueue>();
  readonly #workers = new Map<string, JobWorker>();

  constructor(options: BullmqOptions) {
    this.#options = options;
  }

  get signals(): IQueueBackend {
    return this.queue(SIGNALS).getBackend();
  }

  queue(name: string): JobQueue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue: JobQueue = new this.#bullmq.Queue(toKey(name), this.#place());
    queue.on('error', ignore);
    this.#queues.set(name, queue);
    return queue;
  }

  /** What claims from a queue; how long a lock lasts is a matter of the whole worker in BullMQ. */
  worker(name: string, leaseMs: number): JobWorker {
    const key = `${name} ${leaseMs}`;
    const known = this.#workers.get(key);
    if (known !== undefined) return known;
    const stalls = { stalledInterval: 1, maxStalledCount: Number.MAX_SAFE_INTEGER };
    const options = { ...this.#place(), ...stalls, lockDuration: leaseMs };
    const worker: JobWorker = new this.#bullmq.Worker(toKey(name), undefined, options);
    worker.on('error', ignore);
    this.#workers.set(key, worker);
    return worker;
  }

  /** What happens in a queue from now on, and what did a moment ago. */
  events(name: string): QueueEvents {
    const lastEventId = `${clock.now() - EVENTS_SINCE_MS}-0`;
    const events = new this.#bullmq.QueueEvents(toKey(name), { ...this.#place(), lastEventId });
    events.on('error', ignore);
    return events;
  }

  /** A job to be stored. @throws E_QUEUE_UNSUPPORTED */
  newJob(job: NewJob): BullmqJob {
    const { Job } = this.#bullmq;
    const key = keyOf(job.id);
    const options = { ...toOptions(job), jobId: key };
    return new Job(this.queue(job.queue), job.job, toStored(job), options, key);
  }

  /** A job that is there, of which only the id matters. */
  job(queue: string, id: string): BullmqJob {
    return new this.#bullmq.Job(this.queue(queue), '', {} as StoredJob, {}, keyOf(id));
  }

  /**
   * Removes a job if it lies in one of some places. BullMQ removes one from wherever it is by then: who moves it meanwhile takes it from its place,
   * too, so that it is one or the other.
   *
   * @returns whether this call, and no other, did so
   */
  async remove(queue: string, key: string, places: readonly string[]): Promise<boolean> {
    const backend = this.queue(queue).getBackend();
    const client = await backend.client;
    const command = `triliteTakeOf${places.length}`;
    client.defineCommand(command, { numberOfKeys: places.length, lua: TAKE });
    const keys = places.map((place) => backend.toKey(place));
    if ((await client.runCommand(command, [...keys, key])) !== 1) return false;
    await backend.remove(key, false);
    return true;
  }

  async close(): Promise<void> {
    const all = [...this.#workers.values(), ...this.#queues.values()];
    await Promise.all(all.map((one) => one.close()));
  }

  #place() {
    const { url, prefix } = this.#options;
    return { prefix, connection: { url } };
  }
}

/** BullMQ keeps ":" for itself. */
function toKey(queue: string): string {
  return queue.replaceAll(':', '~');
}

/** The call that fails says so itself. */
function ignore(): void {}
