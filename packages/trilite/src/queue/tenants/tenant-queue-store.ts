import { QueueSharedError } from '../errors';
import type {
  BatchRecord,
  FailedJob,
  FailedSelection,
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
  PushBounds,
  PushOutcome,
  QueueStore,
  RecoveredJob,
  RelayRequest,
  Watch,
  WorkerSignals,
} from '../queue-store';

/** Whose jobs are seen of a queue that all tenants share. */
export interface TenantQueueParts {
  /** The queue of all; asked at each call, for a fake may take its place. */
  readonly source: () => QueueStore;
  readonly tenantId: string;
  /** Its jobs that may wait, in a queue in a file. Default: any number. */
  readonly maxWaiting?: number | undefined;
}

/**
 * What one tenant sees of a queue that all tenants share: its own jobs and batches. What is a worker's or an operator's affair is refused: that is
 * done for all tenants, by the application itself.
 */
export class TenantQueueStore implements QueueStore {
  readonly #source: () => QueueStore;
  readonly #tenantId: string;
  readonly #bounds: PushBounds | undefined;

  constructor({ source, tenantId, maxWaiting }: TenantQueueParts) {
    this.#source = source;
    this.#tenantId = tenantId;
    this.#bounds = maxWaiting === undefined ? undefined : { tenantId, maxWaiting };
  }

  get isDurable(): boolean {
    return this.#source().isDurable;
  }

  get keepsDone(): boolean {
    return this.#source().keepsDone;
  }

  get isInTransaction(): boolean {
    return this.#source().isInTransaction;
  }

  push(jobs: readonly NewJob[], batch?: NewBatch): Promise<PushOutcome[]> {
    const { tenantId } = this.#own;
    const own = batch && { ...batch, tenantId };
    return this.#source().push(this.#stamped(jobs), own, this.#bounds);
  }

  async addToBatch(id: string, jobs: readonly NewJob[]): Promise<PushOutcome[] | undefined> {
    if ((await this.findBatch(id)) === undefined) return undefined;
    return this.#source().addToBatch(id, this.#stamped(jobs));
  }

  async cancelBatch(id: string): Promise<boolean> {
    if ((await this.findBatch(id)) === undefined) return false;
    return this.#source().cancelBatch(id);
  }

  async findBatch(id: string): Promise<BatchRecord | undefined> {
    return this.#ifOwn(await this.#source().findBatch(id));
  }

  async find(id: string): Promise<JobRecord | undefined> {
    return this.#ifOwn(await this.#source().find(id));
  }

  async history(id: string): Promise<JobHistory> {
    if ((await this.find(id)) === undefined) return { attempts: [], lines: [] };
    return this.#source().history(id);
  }

  async cancel(id: string): Promise<CancelOutcome> {
    if ((await this.find(id)) === undefined) return undefined;
    return this.#source().cancel(id);
  }

  failed(selection: FailedSelection = {}): Promise<FailedJob[]> {
    return this.#source().failed({ ...selection, ...this.#own });
  }

  retry(selection: FailedSelection): Promise<RetryOutcome> {
    return this.#source().retry({ ...selection, ...this.#own });
  }

  forget(selection: FailedSelection): Promise<number> {
    return this.#source().forget({ ...selection, ...this.#own });
  }

  watch(onChange: () => void): Watch {
    return this.#source().watch(onChange);
  }

  relayed(generation: string): Promise<number> {
    return this.#source().relayed(generation);
  }

  relay(_request: RelayRequest): Promise<number> {
    return refuse('relay what transactions dispatched');
  }

  secure(): Promise<boolean> {
    return this.#source().secure();
  }

  claim(): Promise<ClaimedJob[]> {
    return refuse('claim jobs');
  }

  complete(): Promise<string[]> {
    return refuse('complete claimed jobs');
  }

  release(): Promise<boolean> {
    return refuse('release claimed jobs');
  }

  fail(): Promise<boolean> {
    return refuse('fail claimed jobs');
  }

  discard(): Promise<boolean> {
    return refuse('discard claimed jobs');
  }

  renew(): Promise<string[]> {
    return refuse('renew leases');
  }

  report(): Promise<boolean> {
    return refuse('report on claimed jobs');
  }

  recover(): Promise<RecoveredJob[]> {
    return refuse('recover jobs');
  }

  nextDueAt(): Promise<number | undefined> {
    return refuse('look for jobs that are due');
  }

  nextLooks(): Promise<ReadonlyMap<string, number>> {
    return refuse('look for jobs that are due');
  }

  signals(): Promise<WorkerSignals> {
    return refuse('read what workers are told');
  }

  restart(): Promise<void> {
    return refuse('restart workers');
  }

  pause(): Promise<void> {
    return refuse('pause a queue');
  }

  resume(): Promise<boolean> {
    return refuse('resume a queue');
  }

  clear(): Promise<number> {
    return refuse('clear a queue');
  }

  status(): Promise<QueueStatus[]> {
    return refuse('see how queues stand');
  }

  prune(): Promise<number> {
    return refuse('forget jobs that have ended');
  }

  forgetTenant(): Promise<void> {
    return refuse('forget a tenant');
  }

  get #own(): { readonly tenantId: string } {
    return { tenantId: this.#tenantId };
  }

  #stamped(jobs: readonly NewJob[]): NewJob[] {
    return jobs.map((job) => ({ ...job, ...this.#own }));
  }

  #ifOwn<T extends { readonly tenantId?: string | undefined }>(
    record: T | undefined,
  ): T | undefined {
    return record?.tenantId === this.#tenantId ? record : undefined;
  }
}

function refuse(what: string): Promise<never> {
  return Promise.reject(QueueSharedError.for(what));
}
