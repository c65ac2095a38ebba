import type { Application } from '../application';
import { jobNameOf, type JobClass, type PayloadOf } from '../queue/job';
import type { NewJob, PushOutcome } from '../queue/queue-store';
import { KeeplessQueueStore } from '../queue/stores/keepless-queue-store';
import { decodeReadable } from '../support/serializer';
import { expectThat } from './expectation';

/** A job that was dispatched to a fake. */
export interface DispatchedTo<J extends JobClass> {
  readonly id: string;
  readonly queue: string;
  readonly payload: PayloadOf<J>;
  /** Epoch milliseconds. */
  readonly availableAt: number;
}

/** Puts a fake in place of every queue connection: jobs are noted, none is run. */
export function fakeQueue(app: Application): FakeQueue {
  const fake = new FakeQueue();
  for (const name of app.queues.names) app.queues.use(name, fake.store);
  return fake;
}

/** Knows what was dispatched, and asserts it. */
export class FakeQueue {
  readonly #jobs: NewJob[] = [];
  /** The store that takes the jobs. */
  readonly store = new RecordingStore(this.#jobs);

  /** The jobs of a class that were dispatched, in order. */
  dispatched<J extends JobClass>(job: J): DispatchedTo<J>[] {
    return this.#jobs
      .filter((stored) => stored.job === jobNameOf(job))
      .map(({ id, queue, payload, availableAt }) => ({
        id,
        queue,
        availableAt,
        payload: decodeReadable(payload) as PayloadOf<J>,
      }));
  }

  /** Asserts that a job of the class, for which the test is true, was dispatched. */
  assertDispatched<J extends JobClass>(
    job: J,
    test: (dispatched: DispatchedTo<J>) => boolean = () => true,
  ): void {
    expectThat(
      this.dispatched(job).some(test),
      `Expected a ${jobNameOf(job)} that fits to be dispatched; dispatched were: ${this.#names()}.`,
    );
  }

  /** Asserts that no job of the class, for which the test is true, was dispatched. */
  assertNotDispatched<J extends JobClass>(
    job: J,
    test: (dispatched: DispatchedTo<J>) => boolean = () => true,
  ): void {
    expectThat(
      !this.dispatched(job).some(test),
      `Expected no ${jobNameOf(job)} that fits to be dispatched; dispatched were: ${this.#names()}.`,
    );
  }

  /** Asserts how many jobs were dispatched, of all classes or of one. */
  assertCount(expected: number, job?: JobClass): void {
    const found = job === undefined ? this.#jobs.length : this.dispatched(job).length;
    expectThat(
      found === expected,
      `Expected ${expected} dispatched jobs, found ${found}: ${this.#names()}.`,
    );
  }

  #names(): string {
    return this.#jobs.length === 0
      ? 'none'
      : this.#jobs.map(({ job, payload }) => `${job} ${payload}`).join(', ');
  }
}

/** Notes jobs instead of keeping them. */
class RecordingStore extends KeeplessQueueStore {
  readonly driver = 'fake';
  readonly #jobs: NewJob[];

  constructor(jobs: NewJob[]) {
    super();
    this.#jobs = jobs;
  }

  async push(jobs: readonly NewJob[]): Promise<PushOutcome[]> {
    this.#jobs.push(...jobs);
    return jobs.map(({ id }) => ({ id, outcome: 'stored' }));
  }
}
