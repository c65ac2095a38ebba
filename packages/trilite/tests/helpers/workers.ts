import { travelBack } from 'trilite/testing';
import { JobRegistry } from '../../src/queue/job-registry';
import { JobRunner } from '../../src/queue/job-runner';
import { QueueDispatcher, type DispatchOptions } from '../../src/queue/queue-dispatcher';
import type { QueueStore } from '../../src/queue/queue-store';
import { queueMigrations } from '../../src/queue/schema';
import { SqliteQueueStore } from '../../src/queue/sqlite-queue-store';
import { Worker, type WorkerEvent, type WorkerOptions } from '../../src/queue/worker';
import type { jobOf } from './jobs';
import { createTemporaryFile, type TemporaryFile } from './temporary-file';

const OPTIONS: WorkerOptions = {
  queues: ['default'],
  concurrency: 1,
  tries: 1,
  timeoutMs: 0,
  sleepMs: 600_000,
  leaseMs: 60_000,
  keepFinishedMs: 3_600_000,
  shutdownMs: 600_000,
  once: false,
  stopWhenEmpty: false,
};

export let file: TemporaryFile;
export let store: SqliteQueueStore;
export let jobs: JobRegistry;
export let events: WorkerEvent[];
let listeners: ((event: WorkerEvent) => void)[];
let started: { worker: Worker; finished: Promise<void> }[];

/** Gives every test of a file a queue, jobs, and workers that are stopped after it. */
export function useWorkers(): void {
  beforeEach(async () => {
    file = await createTemporaryFile(queueMigrations);
    store = new SqliteQueueStore(file.connection);
    jobs = new JobRegistry();
    events = [];
    listeners = [];
    started = [];
  });

  afterEach(async () => {
    travelBack();
    for (const { worker } of started) worker.stopNow();
    await Promise.allSettled(started.map(({ finished }) => finished));
    await file.close();
  });
}

/** Starts a worker; it is stopped after the test. */
export function start(differences: Partial<WorkerOptions> = {}, on: QueueStore = store) {
  const runner = new JobRunner(jobs, (type) => new type());
  const worker = new Worker(on, runner, { ...OPTIONS, ...differences }, (event) => {
    events.push(event);
    for (const listener of listeners) listener(event);
  });
  const work = { worker, finished: worker.run() };
  started.push(work);
  return work;
}

/** Runs everything that is due. */
export function runAll(differences: Partial<WorkerOptions> = {}): Promise<void> {
  return start({ stopWhenEmpty: true, ...differences }).finished;
}

/** The next event of a kind. */
export function next<K extends WorkerEvent['kind']>(
  kind: K,
): Promise<Extract<WorkerEvent, { kind: K }>> {
  return new Promise((resolve) => {
    const listener = (event: WorkerEvent): void => {
      if (event.kind !== kind) return;
      listeners = listeners.filter((other) => other !== listener);
      resolve(event as Extract<WorkerEvent, { kind: K }>);
    };
    listeners.push(listener);
  });
}

export function dispatch(
  job: ReturnType<typeof jobOf>,
  payload?: unknown,
  options: DispatchOptions = {},
  on: QueueStore = store,
) {
  jobs.add(job);
  return new QueueDispatcher(() => on, jobs).dispatch(job, payload, options);
}

/** The store, with some of its methods replaced. */
export function storeWith(methods: Partial<QueueStore>): QueueStore {
  return new Proxy<QueueStore>(store, {
    get(target, name: keyof QueueStore) {
      return methods[name] ?? target[name].bind(target);
    },
  });
}

export function kinds(): string[] {
  return events.map(({ kind }) => kind);
}

export function noted(notes: unknown[]): (payload: unknown) => void {
  return (payload) => void notes.push(payload);
}

/** Gives a running job to another owner, as a recovery and another claim would. */
export function steal(id: string): Promise<unknown> {
  return file.elsewhere.write((handle) =>
    handle.statement("update jobs set owner = 'thief' where id = ?").run(id),
  );
}
