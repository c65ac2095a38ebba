import { travelBack } from 'trilite/testing';
import { JobRegistry } from '../../src/queue/job-registry';
import { JobRunner, type MakeInstance } from '../../src/queue/job-runner';
import { QueueDispatcher, type DispatchOptions } from '../../src/queue/queue-dispatcher';
import type { QueueStore } from '../../src/queue/queue-store';
import { queueMigrations } from '../../src/queue/sqlite/schema';
import { SqliteQueueStore } from '../../src/queue/sqlite/sqlite-queue-store';
import type { WorkerEvent } from '../../src/queue/queue-events';
import { Worker } from '../../src/queue/worker/worker';
import type { WorkerOptions, WorkResult } from '../../src/queue/worker/worker-options';
import type { Token } from '../../src/tenancy/token';
import type { jobOf } from './jobs';
import { createTemporaryFile, type TemporaryFile } from './temporary-file';

/** Bytes of a payload, more than any test needs. */
export const MAX_PAYLOAD = 1024 * 1024;

/** What a worker of a test works by, unless that says otherwise. */
export const WORKER_OPTIONS: WorkerOptions = {
  queues: ['default'],
  concurrency: 1,
  tries: 1,
  timeoutMs: 0,
  backoff: 0,
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
let started: { worker: Worker; finished: Promise<WorkResult> }[];

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
  const runner = new JobRunner({ jobs, maxPayload: MAX_PAYLOAD, make: makeInstance });
  const worker = new Worker({
    store: on,
    runner,
    options: { ...WORKER_OPTIONS, ...differences },
    tell: (event) => {
      events.push(event);
      for (const listener of listeners) listener(event);
    },
  });
  const work = { worker, finished: worker.run() };
  started.push(work);
  return work;
}

/** Runs everything that is due. */
export function runAll(differences: Partial<WorkerOptions> = {}): Promise<WorkResult> {
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
  return dispatcher(on).dispatch(job, payload, options);
}

/** A dispatcher to a store, by default the one of the test. */
export function dispatcher(on: QueueStore = store): QueueDispatcher {
  return new QueueDispatcher({
    connection: 'sqlite',
    store: () => on,
    sync: () => on,
    jobs,
    maxPayload: MAX_PAYLOAD,
  });
}

/** What a container makes of a class that needs nothing. */
export const makeInstance: MakeInstance = <T>(token: Token<T>): T =>
  new (token as unknown as new () => T)();

/** The store, with some of its methods replaced. */
export function storeWith(methods: Partial<QueueStore>): QueueStore {
  return new Proxy<QueueStore>(store, {
    get(target, name: keyof QueueStore) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== 'function') return member;
      return methods[name] ?? (member.bind(target) as unknown);
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
    handle
      .statement(
        "update jobs set owner = 'thief', claim = claim + 1, lease_until = lease_until + 600000 where id = ?",
      )
      .run(id),
  );
}
