import type { NewBatch, NewJob, PushOutcome, QueueStore } from '../queue/queue-store';
import { KeeplessQueueStore } from '../queue/stores/keepless-queue-store';

/** A batch as it was pushed, with the jobs that were added to it since. */
export interface RecordedBatch {
  readonly batch: NewBatch;
  readonly jobs: NewJob[];
}

/** Notes jobs instead of keeping them. */
export class RecordingQueueStore extends KeeplessQueueStore {
  readonly driver = 'fake';
  readonly jobs: NewJob[] = [];
  readonly batches: RecordedBatch[] = [];

  async push(jobs: readonly NewJob[], batch?: NewBatch): Promise<PushOutcome[]> {
    this.jobs.push(...jobs);
    if (batch !== undefined) this.batches.push({ batch, jobs: [...jobs] });
    return jobs.map(stored);
  }

  override async addToBatch(
    id: string,
    jobs: readonly NewJob[],
  ): Promise<PushOutcome[] | undefined> {
    const found = this.batches.find(({ batch }) => batch.id === id);
    found?.jobs.push(...jobs);
    return found && this.push(jobs);
  }
}

/**
 * A store that keeps some jobs and has the others noted. A chain goes where its first job goes; a batch is kept if all of its jobs are. As
 * what is noted, a dispatch in a transaction arrives once that is committed, and not through an outbox.
 */
export function partlyRecording(
  real: QueueStore,
  recording: RecordingQueueStore,
  isKept: (job: NewJob) => boolean,
): QueueStore {
  const own: Partial<QueueStore> = {
    isDurable: false,
    isInTransaction: false,
    async push(jobs, batch) {
      if (batch !== undefined) {
        const isWhole = jobs.length > 0 && jobs.every(isKept);
        return (isWhole ? real : recording).push(jobs, batch);
      }
      const kept = jobs.filter(isKept);
      await recording.push(jobs.filter((job) => !isKept(job)));
      const outcomes = kept.length === 0 ? [] : await real.push(kept);
      return jobs.map((job) => outcomes[kept.indexOf(job)] ?? stored(job));
    },
    async addToBatch(id, jobs) {
      return (await recording.addToBatch(id, jobs)) ?? real.addToBatch(id, jobs);
    },
  };
  return new Proxy(real, {
    get(target, name: keyof QueueStore) {
      if (name in own) return own[name];
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

function stored({ id }: NewJob): PushOutcome {
  return { id, outcome: 'stored' };
}
