import { isDeepStrictEqual } from 'node:util';
import type { Application } from '../application';
import { jobNameOf, type JobClass, type PayloadOf, type PendingJob } from '../queue/job';
import type { FollowUp, NewJob } from '../queue/queue-store';
import { decodeReadable, encodeReadable } from '../support/serializer';
import { expectThat } from './expectation';
import { partlyRecording, RecordingQueueStore, type RecordedBatch } from './recording-queue-store';

/** What is not faked. */
export interface FakeQueueOptions {
  /** Job classes that are stored, or run, as ever. Default: none. */
  readonly except?: readonly JobClass[];
}

/** A job that was dispatched to a fake. */
export interface DispatchedTo<J extends JobClass> {
  readonly id: string;
  readonly queue: string;
  readonly payload: PayloadOf<J>;
  /** Epoch milliseconds. */
  readonly availableAt: number;
}

/** A job of a chain or a batch that was dispatched to a fake. */
export interface DispatchedJob {
  /** The stored name. */
  readonly job: string;
  readonly queue: string;
  readonly payload: unknown;
}

/** A chain that was dispatched to a fake. */
export interface DispatchedChain {
  /** In their order. */
  readonly jobs: readonly DispatchedJob[];
  readonly catch: DispatchedJob | undefined;
}

/** A batch that was dispatched to a fake. */
export interface DispatchedBatch {
  readonly id: string;
  readonly name: string;
  readonly allowsFailures: boolean;
  /** Those that were added later, too. */
  readonly jobs: readonly DispatchedJob[];
  readonly then: DispatchedJob | undefined;
  readonly catch: DispatchedJob | undefined;
  readonly finally: DispatchedJob | undefined;
}

/** Puts a fake in place of every queue connection, of tenants too: jobs are noted, none is run, not even those of `dispatchSync`. */
export function fakeQueue(app: Application, { except = [] }: FakeQueueOptions = {}): FakeQueue {
  const recording = new RecordingQueueStore();
  const kept = new Set(except.map(jobNameOf));
  app.queues.use((real) =>
    kept.size === 0 ? recording : partlyRecording(real, recording, ({ job }) => kept.has(job)),
  );
  return new FakeQueue(recording);
}

/**
 * Knows what was dispatched, and asserts it: jobs by themselves, the first job of each chain, every job of each batch. What follows a job, a
 * chain or a batch is not dispatched before that has ended, and here none does.
 */
export class FakeQueue {
  readonly #recording: RecordingQueueStore;

  constructor(recording: RecordingQueueStore) {
    this.#recording = recording;
  }

  /** The jobs of a class that were dispatched, in order. */
  dispatched<J extends JobClass>(job: J): DispatchedTo<J>[] {
    return this.#recording.jobs
      .filter((stored) => stored.job === jobNameOf(job))
      .map(({ id, queue, payload, availableAt }) => ({
        id,
        queue,
        availableAt,
        payload: decodeReadable(payload) as PayloadOf<J>,
      }));
  }

  /** The chains that were dispatched, in order. */
  chains(): DispatchedChain[] {
    return this.#recording.jobs.flatMap((head) =>
      head.chain === undefined
        ? []
        : {
            jobs: [head, ...head.chain.rest].map(toDispatched),
            catch: optional(head.chain.onFailure),
          },
    );
  }

  /** The batches that were dispatched, in order. */
  batches(): DispatchedBatch[] {
    return this.#recording.batches.map(toDispatchedBatch);
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

  /** Asserts that no job was dispatched, nor an empty batch. */
  assertNothingDispatched(): void {
    const { jobs, batches } = this.#recording;
    expectThat(
      jobs.length === 0 && batches.length === 0,
      `Expected nothing to be dispatched; dispatched were: ${this.#names()}, and ${batches.length} batches.`,
    );
  }

  /** Asserts how many jobs were dispatched, of all classes or of one. */
  assertCount(expected: number, job?: JobClass): void {
    const found = job === undefined ? this.#recording.jobs.length : this.dispatched(job).length;
    expectThat(
      found === expected,
      `Expected ${expected} dispatched jobs, found ${found}: ${this.#names()}.`,
    );
  }

  /** Asserts that a chain of these was dispatched, in this order and no longer: a class with whatever payload, `job(…)` with an equal one. */
  assertChained(expected: readonly (JobClass | PendingJob)[]): void {
    const fits = ({ jobs }: DispatchedChain): boolean =>
      jobs.length === expected.length &&
      expected.every((one, index) => isLike(one, jobs[index] as DispatchedJob));
    const found = this.chains().map(({ jobs }) => jobs.map(nameOf).join(' → '));
    const wanted = expected.map((one) => jobNameOf(typeof one === 'function' ? one : one.type));
    expectThat(
      this.chains().some(fits),
      `Expected a chain ${wanted.join(' → ')} that fits to be dispatched; dispatched were: ${listed(found)}.`,
    );
  }

  /** Asserts that a batch, for which the test is true, was dispatched. */
  assertBatched(test: (batch: DispatchedBatch) => boolean = () => true): void {
    const found = this.batches().map(
      ({ name, jobs }) => `"${name}" of ${listed(jobs.map(nameOf))}`,
    );
    expectThat(
      this.batches().some(test),
      `Expected a batch that fits to be dispatched; dispatched were: ${listed(found)}.`,
    );
  }

  #names(): string {
    return listed(this.#recording.jobs.map((stored) => nameOf(toDispatched(stored))));
  }
}

function toDispatched({ job, queue, payload }: NewJob | FollowUp): DispatchedJob {
  return { job, queue, payload: decodeReadable(payload) };
}

function optional(followUp: FollowUp | undefined): DispatchedJob | undefined {
  return followUp && toDispatched(followUp);
}

function toDispatchedBatch({ batch, jobs }: RecordedBatch): DispatchedBatch {
  return {
    id: batch.id,
    name: batch.name,
    allowsFailures: batch.allowFailures,
    jobs: jobs.map(toDispatched),
    then: optional(batch.onDone),
    catch: optional(batch.onFailure),
    finally: optional(batch.onEnd),
  };
}

function isLike(expected: JobClass | PendingJob, { job, payload }: DispatchedJob): boolean {
  if (typeof expected === 'function') return jobNameOf(expected) === job;
  return jobNameOf(expected.type) === job && isDeepStrictEqual(payload, expected.payload);
}

function nameOf({ job, payload }: DispatchedJob): string {
  return `${job} ${encodeReadable(payload)}`;
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? 'none' : texts.join(', ');
}
