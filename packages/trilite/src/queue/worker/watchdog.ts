import { join } from 'node:path';
import { Worker as Thread } from 'node:worker_threads';
import type { Connection } from '../../database/connection';
import { systemMs } from '../../support/clock';
import type { Verdict } from '../job-runner';
import type { ClaimedJob } from '../queue-store';
import { SlotTable } from './watchdog-slots';
import type { Watchdog } from './worker';

/*
 * A job that blocks the event loop keeps its own timer from firing: nothing in this thread can stop it. So another thread looks at the
 * deadlines of the running jobs, in memory that both see. It finds one overdue only when this thread could not act in time; then it records
 * in the queue what happened, on a handle of its own, and ends the process. What ran beside the job is put back, its run uncounted.
 *
 *   begin ──▶ slot with deadline, put off by renew ──end──▶ free
 *                  └──overdue by GRACE_MS──▶ timed out: recorded, and the process is killed
 *
 * Writing a slot costs a microsecond, and no message: a job may block from its first line on.
 */

/** Compiled beside this file; from src, as under jest, it is found in dist, which lies equally deep. */
const THREAD = join(__dirname, '../../../dist/queue/worker/watchdog-thread.js');

/** What the thread is started with. */
export interface WatchdogFacts {
  readonly name: string;
  readonly settings: Connection['settings'];
  readonly memory: SharedArrayBuffer;
}

/** Ends the process when a job blocks its event loop beyond its timeout. */
export class WorkerWatchdog implements Watchdog {
  readonly #connection: Connection;
  readonly #table: SlotTable;
  /** By run, not by id: one that has lost its job may still end while the same job runs here again. */
  readonly #slots = new Map<ClaimedJob, number>();
  #thread: Thread | undefined;
  #isClosed = false;

  /** @param concurrency jobs at a time */
  constructor(connection: Connection, concurrency: number) {
    this.#connection = connection;
    this.#table = SlotTable.create(concurrency);
  }

  begin(job: ClaimedJob, timeoutMs: number, { isFinal, delayMs }: Verdict): void {
    this.#start();
    const { id, claim, job: name } = job;
    const deadline = timeoutMs === 0 ? Infinity : systemMs() + timeoutMs;
    const facts = { id, claim, job: name };
    const slot = this.#table.write({ ...facts, deadline, timeoutMs, isFinal, delayMs });
    if (slot !== undefined) this.#slots.set(job, slot);
  }

  renew(job: ClaimedJob): void {
    const slot = this.#slots.get(job);
    if (slot !== undefined) this.#table.renew(slot, systemMs());
  }

  end(job: ClaimedJob): void {
    const slot = this.#slots.get(job);
    if (slot === undefined) return;
    this.#slots.delete(job);
    this.#table.free(slot);
  }

  close(): void {
    this.#isClosed = true;
    void this.#thread?.terminate();
    this.#thread = undefined;
  }

  /** With the first job: a worker that never has one needs no thread. */
  #start(): void {
    if (this.#thread !== undefined || this.#isClosed) return;
    const { name, settings } = this.#connection;
    const facts: WatchdogFacts = { name, settings, memory: this.#table.memory };
    this.#thread = new Thread(THREAD, { workerData: facts, execArgv: [] });
    this.#thread.unref();
    // Without it jobs run as ever, and one that blocks is taken back when its lease ends
    this.#thread.on('error', () => this.close());
  }
}
