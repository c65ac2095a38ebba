import { QueueUnsupportedError } from '../errors';
import type {
  BatchRecord,
  FailedJob,
  JobHistory,
  JobRecord,
  QueueStatus,
  RetryOutcome,
} from '../job-records';
import type {
  CancelOutcome,
  ClaimedJob,
  NewBatch,
  NewJob,
  PushOutcome,
  QueueStore,
  RecoveredJob,
  RelayRequest,
  Watch,
  WorkerSignals,
} from '../queue-store';

/** What the drivers that keep no jobs have in common: nothing is there to claim, to find or to end. */
export abstract class KeeplessQueueStore implements QueueStore {
  abstract readonly driver: string;
  readonly isDurable: boolean = false;
  readonly isInTransaction: boolean = false;

  get keepsDone(): boolean {
    return false;
  }

  abstract push(jobs: readonly NewJob[], batch?: NewBatch): Promise<PushOutcome[]>;

  async relay({ rows }: RelayRequest): Promise<number> {
    for (const { jobs, batch } of rows) await this.push(jobs, batch);
    return rows.at(-1)?.seq ?? 0;
  }

  async relayed(_generation: string): Promise<number> {
    return 0;
  }

  async secure(): Promise<boolean> {
    return true;
  }

  async claim(): Promise<ClaimedJob[]> {
    return [];
  }

  complete(): Promise<string[]> {
    return this.#refuse('complete claimed jobs');
  }

  release(): Promise<boolean> {
    return this.#refuse('release claimed jobs');
  }

  fail(): Promise<boolean> {
    return this.#refuse('fail claimed jobs');
  }

  discard(): Promise<boolean> {
    return this.#refuse('discard claimed jobs');
  }

  async report(): Promise<boolean> {
    return false;
  }

  async renew(): Promise<string[]> {
    return [];
  }

  async recover(): Promise<RecoveredJob[]> {
    return [];
  }

  async cancel(_id: string): Promise<CancelOutcome> {
    return undefined;
  }

  async find(_id: string): Promise<JobRecord | undefined> {
    return undefined;
  }

  async history(): Promise<JobHistory> {
    return { attempts: [], lines: [] };
  }

  async nextLooks(): Promise<ReadonlyMap<string, number>> {
    return new Map();
  }

  async nextDueAt(): Promise<number | undefined> {
    return undefined;
  }

  async signals(): Promise<WorkerSignals> {
    return { restartAt: undefined, isPaused: false, pausedQueues: [], cancelled: [] };
  }

  restart(): Promise<void> {
    return this.#refuse('restart workers');
  }

  pause(): Promise<void> {
    return this.#refuse('pause a queue');
  }

  async resume(): Promise<boolean> {
    return false;
  }

  async addToBatch(_id: string, _jobs: readonly NewJob[]): Promise<PushOutcome[] | undefined> {
    return undefined;
  }

  async cancelBatch(): Promise<boolean> {
    return false;
  }

  async findBatch(): Promise<BatchRecord | undefined> {
    return undefined;
  }

  async failed(): Promise<FailedJob[]> {
    return [];
  }

  async retry(): Promise<RetryOutcome> {
    return { retried: [], duplicates: [] };
  }

  async forget(): Promise<number> {
    return 0;
  }

  async forgetTenant(_tenantId: string): Promise<void> {}

  async clear(): Promise<number> {
    return 0;
  }

  async status(): Promise<QueueStatus[]> {
    return [];
  }

  async prune(): Promise<number> {
    return 0;
  }

  watch(): Watch {
    return { close: () => undefined };
  }

  #refuse(what: string): Promise<never> {
    return Promise.reject(QueueUnsupportedError.of(this.driver, what));
  }
}
