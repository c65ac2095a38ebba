import { join } from 'node:path';
import { Worker as Thread } from 'node:worker_threads';
import type { Connection } from '../../database/connection';
import { systemMs } from '../../support/clock';
import type { Verdict } from '../job-runner';
import type { ClaimedJob } from '../queue-store';
import { SlotTable, type WatchedJob } from './watchdog-slots';
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

/** Ends the process when a job blocks its event loop beyond its timeout; one for all files that a process works. */
export class WorkerWatchdog {
  readonly #facts: Pick<WatchdogFacts, 'name' | 'settings'>;
  readonly #table: SlotTable;
  /** By run, not by id: one that has lost its job may still end while the same job runs here again. */
  readonly #slots = new Map<ClaimedJob, number>();
  #thread: Thread | undefined;
  #isClosed = false;

  /**
   * @param facts how a file is opened, to record in it what happened
   * @param concurrency jobs at a time
   */
  constructor({ name, settings }: Pick<WatchdogFacts, 'name' | 'settings'>, concurrency: number) {
    this.#facts = { name, settings };
    this.#table = SlotTable.create(concurrency);
  }

  /** Watches the jobs of one file; closing that leaves the others watched. */
  of(file: string): Watchdog {
    return {
      begin: (job, timeoutMs, verdict) => this.#begin({ ...verdict, timeoutMs, file }, job),
      renew: (job) => this.#renew(job),
      end: (job) => this.#end(job),
      close: () => undefined,
    };
  }

  close(): void {
    this.#isClosed = true;
    void this.#thread?.terminate();
    this.#thread = undefined;
  }

  #begin(facts: Verdict & Pick<WatchedJob, 'timeoutMs' | 'file'>, job: ClaimedJob): void {
    this.#start();
    const { id, claim, job: name } = job;
    const { timeoutMs, file, isFinal, delayMs } = facts;
    const deadline = timeoutMs === 0 ? Infinity : systemMs() + timeoutMs;
    const watched = { id, claim, job: name, file, deadline, timeoutMs, isFinal, delayMs };
    const slot = this.#table.write(watched);
    if (slot !== undefined) this.#slots.set(job, slot);
  }

  #renew(job: ClaimedJob): void {
    const slot = this.#slots.get(job);
    if (slot !== undefined) this.#table.renew(slot, systemMs());
  }

  #end(job: ClaimedJob): void {
    const slot = this.#slots.get(job);
    if (slot === undefined) return;
    this.#slots.delete(job);
    this.#table.free(slot);
  }

  /** With the first job: a worker that never has one needs no thread. */
  #start(): void {
    if (this.#thread !== undefined || this.#isClosed) return;
    const facts: WatchdogFacts = { ...this.#facts, memory: this.#table.memory };
    this.#thread = new Thread(THREAD, { workerData: facts, execArgv: [] });
    this.#thread.unref();
    // Without it jobs run as ever, and one that blocks is taken back when its lease ends
    this.#thread.on('error', () => this.close());
  }
}
