import { existsSync } from 'node:fs';
import type { Connection } from '../../database/connection';
import { outsideSessions, type Session } from '../../database/connection-session';
import { monotonicMs } from '../../support/clock';
import { readyNow, type Announce } from '../announce';
import { OutboxError } from '../errors';
import type { JobRecord } from '../job-records';
import type { NewBatch, NewJob, QueueStore } from '../queue-store';
import { SqliteOutboxStore, type OutboxBacklog } from './sqlite-outbox-store';

/*
 * Two files cannot commit together. What a transaction dispatches lies in its own file, in the table `outbox`, and is committed or rolled
 * back with it; from there it is relayed to the queue.
 *
 *   dispatch in a transaction ──▶ row in outbox ──commit──▶ relayed: jobs stored, and the number remembered, in one transaction of the queue
 *                                     └──rollback──▶ nothing       └──once the queue is on the disk──▶ row deleted
 *
 * Invariants:
 * 1. Numbers are in the order of the commits: one transaction writes at a time, and a rollback gives its numbers back. They are times, or
 *    the next number when that is greater: where the clock goes on, a file that was put back by a copy gives none a second time.
 * 2. A row is stored in the queue once, whoever relays: the queue remembers the last number of each file, in the transaction that stores it.
 * 3. A row is deleted only when a power cut can no longer take its jobs from the queue.
 * 4. Numbers count within a generation of the file. Putting a file back begins another: what is in the backup's outbox is relayed again then.
 */

/** Relayed rows from which on it is worth a checkpoint to delete them, and how long fewer of them stay. */
const MANY_ROWS = 1000;
const PRUNE_MS = 60_000;

/** A queue that jobs are relayed to. */
export interface RelayTarget {
  /** Name of the queue connection. */
  readonly name: string;
  readonly store: () => QueueStore;
}

/** What outboxes are made of. */
export interface OutboxParts {
  /** The connections whose transactions may dispatch. */
  readonly sources: () => readonly Connection[];
  readonly targets: () => readonly RelayTarget[];
  /** Told before a dispatch is added: whoever commits may die before it relays. Default: nobody. */
  readonly announce?: Announce | undefined;
  /** Told when a relay after a commit failed: a worker, or the next commit, does it again. */
  readonly onError: (error: unknown) => void;
}

/** What waits in one file for one queue. */
export interface WaitingDispatches extends OutboxBacklog {
  /** Name of the connection whose file it lies in. */
  readonly source: string;
  /** Name of the queue connection. */
  readonly target: string;
  /** Whether there is such a queue connection; else nobody relays it. */
  readonly isDeclared: boolean;
}

/** The outboxes of an application's files. */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #stores = new Map<Connection, SqliteOutboxStore>();
  readonly #prunedAt = new Map<string, number>();
  #relaying: Promise<number> | undefined;
  #isKicked = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /**
   * Adds a dispatch to a transaction; once that is committed it is relayed.
   *
   * @throws E_OUTBOX when the transaction has ended, or its file has no outbox
   */
  async add(
    session: Session,
    target: string,
    jobs: readonly NewJob[],
    batch: NewBatch | undefined,
  ): Promise<void> {
    const { name } = session.connection;
    if (!session.isOpen) throw OutboxError.afterEnd(name);
    const source = this.#parts.sources().find((one) => one === session.connection);
    if (source === undefined) throw OutboxError.missing(name);
    const add = (): Promise<boolean> => this.#store(source).add(target, jobs, batch);
    const { announce } = this.#parts;
    const ready = readyNow(jobs.map(({ queue }) => queue));
    const isAdded = await (announce === undefined ? add() : announce(ready, add));
    if (!isAdded) throw OutboxError.missing(name);
    session.afterCommit(() => this.#kick());
  }

  /** Relays what is committed, of every file to every queue; returns how many dispatches. Calls at the same time share one. */
  relay(): Promise<number> {
    // What is stored belongs to no transaction that whoever calls may be in
    this.#relaying ??= outsideSessions(() => this.#relayAll()).finally(
      () => (this.#relaying = undefined),
    );
    return this.#relaying;
  }

  /** A job that was committed and is not relayed yet. */
  async find(target: RelayTarget, id: string): Promise<JobRecord | undefined> {
    for (const source of this.#openSources()) {
      const store = this.#store(source);
      const generation = await store.generation();
      if (generation === undefined) continue;
      const relayed = await target.store().relayed(keyOf(generation, target));
      const job = await store.find(target.name, relayed, id);
      if (job !== undefined) return toRecord(job);
    }
    return undefined;
  }

  /** What is committed and not relayed, of every file and queue. */
  async waiting(): Promise<WaitingDispatches[]> {
    const all: WaitingDispatches[] = [];
    for (const source of this.#openSources()) {
      const store = this.#store(source);
      const generation = await store.generation();
      if (generation === undefined) continue;
      for (const name of await store.targets()) {
        const target = this.#parts.targets().find((one) => one.name === name);
        const relayed = await target?.store().relayed(keyOf(generation, target));
        const backlog = await store.waiting(name, relayed ?? 0);
        const facts = { source: source.name, target: name, isDeclared: target !== undefined };
        if (backlog !== undefined) all.push({ ...facts, ...backlog });
      }
    }
    return all;
  }

  /** Waits until what is being relayed is. */
  async flush(): Promise<void> {
    while (this.#relaying !== undefined) await this.#relaying.catch(() => undefined);
  }

  /** Whoever commits need not wait for it: from the commit on, nothing is lost. */
  #kick(): void {
    if (this.#isKicked) return;
    this.#isKicked = true;
    const begin = (): Promise<number> => {
      this.#isKicked = false;
      return this.relay();
    };
    // One that began before this commit may not have seen it
    const before = this.#relaying ?? Promise.resolve(0);
    before.then(begin, begin).catch((error: unknown) => this.#parts.onError(error));
  }

  /** A file that does not answer keeps back its own jobs alone. @throws what the first that erred did, once the others have had their turn */
  async #relayAll(): Promise<number> {
    let relayed = 0;
    const errors: unknown[] = [];
    for (const source of this.#openSources()) {
      for (const target of this.#parts.targets()) {
        try {
          if (target.store().isDurable) relayed += await this.#relayTo(target, this.#store(source));
        } catch (error) {
          errors.push(error);
        }
      }
    }
    if (errors.length > 0) throw errors[0];
    return relayed;
  }

  async #relayTo(target: RelayTarget, store: SqliteOutboxStore): Promise<number> {
    const generation = await store.generation();
    if (generation === undefined) return 0;
    const key = keyOf(generation, target);
    let seq = await target.store().relayed(key);
    if (await store.hasGoneBack(seq)) {
      await store.renew();
      return this.#relayTo(target, store);
    }
    let count = 0;
    for (;;) {
      const rows = await store.after(target.name, seq);
      if (rows.length === 0) break;
      seq = await target.store().relay({ generation: key, rows });
      count += rows.length;
    }
    if (seq > 0) await this.#prune(target, store, { key, seq, count });
    return count;
  }

  async #prune(
    target: RelayTarget,
    store: SqliteOutboxStore,
    { key, seq, count }: { readonly key: string; readonly seq: number; readonly count: number },
  ): Promise<void> {
    const isTime = monotonicMs() - (this.#prunedAt.get(key) ?? -PRUNE_MS) >= PRUNE_MS;
    if (!isTime && count < MANY_ROWS) return;
    this.#prunedAt.set(key, monotonicMs());
    if ((await store.count(target.name, seq)) === 0) return;
    if (await target.store().secure()) await store.delete(target.name, seq);
  }

  /** Files that are not there have no outbox; whoever needs them says so. */
  #openSources(): readonly Connection[] {
    return this.#parts.sources().filter(({ file }) => file === ':memory:' || existsSync(file));
  }

  #store(source: Connection): SqliteOutboxStore {
    const known = this.#stores.get(source) ?? new SqliteOutboxStore(source);
    this.#stores.set(source, known);
    return known;
  }
}

function keyOf(generation: string, { name }: RelayTarget): string {
  return `${generation}/${name}`;
}

function toRecord(job: NewJob): JobRecord {
  return {
    id: job.id,
    queue: job.queue,
    job: job.job,
    payload: job.payload,
    state: 'pending',
    attempts: 0,
    crashes: 0,
    priority: job.priority,
    availableAt: job.availableAt,
    progress: undefined,
    lastError: undefined,
    tags: job.tags ?? [],
    batchId: job.batchId,
    ...(job.unique && { uniqueKey: job.unique.key }),
    ...(job.tenantId !== undefined && { tenantId: job.tenantId }),
    owner: undefined,
    createdAt: job.createdAt ?? job.availableAt,
    startedAt: undefined,
    finishedAt: undefined,
    tookMs: undefined,
  };
}
