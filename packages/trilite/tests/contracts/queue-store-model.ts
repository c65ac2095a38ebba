import * as fc from 'fast-check';
import { clock } from 'trilite';
import type { JobState } from '../../src/queue/job-records';
import type {
  CancelOutcome,
  ClaimedJob,
  NewJob,
  PushOutcome,
  QueueStore,
  RecoveredJob,
} from '../../src/queue/queue-store';
import { FAILURE, LEASE_MS, newJob } from './queue-store-under-test';

/** Which claim of a job: the how manieth of all there were. */
interface Hold {
  readonly id: string;
  readonly number: number;
}

interface ModelJob {
  readonly id: string;
  readonly key: string | undefined;
  readonly maxCrashes: number;
  state: JobState;
  availableAt: number;
  attempts: number;
  crashes: number;
  claims: number;
  owner: string | undefined;
  leaseUntil: number;
  isCancelAsked: boolean;
}

/** The contract in its simplest form: a list of jobs, oldest first. */
class QueueModel {
  readonly #jobs: ModelJob[] = [];

  push({ id, unique, availableAt, maxCrashes }: NewJob): PushOutcome {
    const holder = unique && this.#holderOf(unique.key);
    if (holder !== undefined) return { id: holder.id, outcome: 'duplicate' };
    const counts = { attempts: 0, crashes: 0, claims: 0, leaseUntil: 0 };
    const facts = { id, key: unique?.key, maxCrashes, availableAt, owner: undefined };
    this.#jobs.push({ ...facts, ...counts, state: 'waiting', isCancelAsked: false });
    return { id, outcome: 'stored' };
  }

  claim(owner: string, limit: number): Hold[] {
    const due = this.#jobs.filter(
      ({ state, availableAt }) => state === 'waiting' && availableAt <= clock.now(),
    );
    due.sort((a, b) => a.availableAt - b.availableAt);
    for (const job of due.slice(0, limit)) {
      const leaseUntil = clock.now() + LEASE_MS;
      Object.assign(job, { state: 'running', owner, leaseUntil, isCancelAsked: false });
      job.attempts += 1;
      job.claims += 1;
    }
    return due.slice(0, limit).map(({ id, claims }) => ({ id, number: claims }));
  }

  /** Ends a run that its owner still has. */
  end(hold: Hold, state: 'done' | 'failed' | 'cancelled'): boolean {
    const job = this.#held(hold);
    if (job !== undefined) job.state = state;
    return job !== undefined;
  }

  release(hold: Hold, availableAt: number, uncounted: boolean): boolean {
    const job = this.#held(hold);
    if (job === undefined) return false;
    job.attempts -= uncounted ? 1 : 0;
    this.#putBack(job, availableAt);
    return true;
  }

  cancel(id: string): CancelOutcome {
    const job = this.#jobs.find((one) => one.id === id);
    if (job?.state === 'waiting') job.state = 'cancelled';
    else if (job?.state === 'running') job.isCancelAsked = true;
    else return undefined;
    return job.state === 'cancelled' ? 'cancelled' : 'requested';
  }

  recover(gone: string): string[] {
    const recovered = this.#jobs.filter(
      ({ state, owner, leaseUntil }) =>
        state === 'running' && (owner === gone || leaseUntil <= clock.now()),
    );
    return recovered.map((job) => {
      job.crashes += 1;
      if (job.crashes >= job.maxCrashes) job.state = 'failed';
      else this.#putBack(job, clock.now());
      return `${job.id} ${job.state === 'waiting' ? 'released' : job.state}`;
    });
  }

  retry(id: string): 'retried' | 'duplicate' | undefined {
    const job = this.#jobs.find((one) => one.id === id && one.state === 'failed');
    if (job === undefined) return undefined;
    if (job.key !== undefined && this.#holderOf(job.key) !== undefined) return 'duplicate';
    Object.assign(job, { state: 'waiting', attempts: 0, crashes: 0, availableAt: clock.now() });
    return 'retried';
  }

  states(): readonly Pick<ModelJob, 'id' | 'state' | 'attempts'>[] {
    return this.#jobs.map(({ id, state, attempts }) => ({ id, state, attempts }));
  }

  #putBack(job: ModelJob, availableAt: number): void {
    job.availableAt = availableAt;
    job.state = job.isCancelAsked ? 'cancelled' : 'waiting';
  }

  #held({ id, number }: Hold): ModelJob | undefined {
    return this.#jobs.find(
      (job) => job.id === id && job.claims === number && job.state === 'running',
    );
  }

  #holderOf(key: string): ModelJob | undefined {
    return this.#jobs.find(
      (job) => job.key === key && (job.state === 'waiting' || job.state === 'running'),
    );
  }
}

const owner = fc.constantFrom('one', 'two');
const index = fc.nat(6);
const delayMs = fc.constantFrom(0, 0, 1000);

/** How a run may end. */
type End =
  | { readonly do: 'complete' | 'fail' | 'discard'; index: number }
  | { readonly do: 'release'; index: number; delayMs: number; uncounted: boolean };

type Step =
  | End
  | { readonly do: 'push'; key: string | undefined; delayMs: number; maxCrashes: number }
  | { readonly do: 'claim'; owner: string; limit: number }
  | { readonly do: 'cancel' | 'retry'; index: number }
  | { readonly do: 'recover'; owner: string }
  | { readonly do: 'travel'; milliseconds: number };

/** One call, or a step in time. */
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('push' as const),
    key: fc.constantFrom(undefined, 'k', 'k'),
    delayMs,
    maxCrashes: fc.constantFrom(1, 2),
  }),
  fc.record({ do: fc.constant('claim' as const), owner, limit: fc.constantFrom(1, 3) }),
  fc.record({ do: fc.constantFrom('complete', 'fail', 'discard'), index }),
  fc.record({ do: fc.constantFrom('cancel', 'retry'), index }),
  fc.record({ do: fc.constant('release' as const), index, delayMs, uncounted: fc.boolean() }),
  fc.record({ do: fc.constant('recover' as const), owner }),
  fc.record({
    do: fc.constant('travel' as const),
    milliseconds: fc.constantFrom(1, 1000, LEASE_MS),
  }),
);

/** A store and the model beside it, asked for the same. */
class Twins {
  readonly #store: QueueStore;
  readonly #queue: string;
  readonly #model = new QueueModel();
  /** Every claim there was, also those that are lost. */
  readonly #claims: { readonly job: ClaimedJob; readonly hold: Hold }[] = [];
  #pushed = 0;

  constructor(store: QueueStore, queue: string) {
    this.#store = store;
    this.#queue = queue;
  }

  async make(one: Exclude<Step, { do: 'travel' }>): Promise<void> {
    switch (one.do) {
      case 'push':
        return this.#push(one);
      case 'claim':
        return this.#claim(one);
      case 'cancel': {
        const id = this.#idAt(one.index);
        expect(await this.#store.cancel(id)).toBe(this.#model.cancel(id));
        return;
      }
      case 'retry':
        return this.#retry(this.#idAt(one.index));
      case 'recover': {
        const recovered = await this.#store.recover((candidate) => candidate === one.owner);
        expect(recovered.map(toWords).sort()).toEqual(this.#model.recover(one.owner).sort());
        return;
      }
      default:
        return this.#end(one);
    }
  }

  /** Asserts that every job stands where the model has it. */
  async compare(): Promise<void> {
    for (const expected of this.#model.states()) {
      expect(await this.#store.find(expected.id)).toMatchObject(expected);
    }
  }

  #idAt(at: number): string {
    return `${this.#queue}-${String(at % Math.max(1, this.#pushed)).padStart(3, '0')}`;
  }

  async #push(one: Extract<Step, { do: 'push' }>): Promise<void> {
    this.#pushed += 1;
    const job = newJob(this.#idAt(this.#pushed - 1), {
      queue: this.#queue,
      availableAt: clock.now() + one.delayMs,
      maxCrashes: one.maxCrashes,
      ...(one.key && { unique: { key: `${this.#queue}:${one.key}`, until: 'done' } }),
    });
    expect(await this.#store.push([job])).toEqual([this.#model.push(job)]);
  }

  async #claim({ owner: by, limit }: Extract<Step, { do: 'claim' }>): Promise<void> {
    const request = { queues: [this.#queue], owner: by, limit, leaseMs: LEASE_MS };
    const claimed = await this.#store.claim(request);
    const expected = this.#model.claim(by, limit);
    expect(claimed.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    const claims = claimed.map((job, index) => ({ job, hold: expected[index] as Hold }));
    this.#claims.unshift(...claims);
  }

  async #retry(id: string): Promise<void> {
    const { retried, duplicates } = await this.#store.retry({ ids: [id] });
    const outcome =
      retried.length > 0 ? 'retried' : duplicates.length > 0 ? 'duplicate' : undefined;
    expect(outcome).toBe(this.#model.retry(id));
  }

  async #end(one: End): Promise<void> {
    const claim = this.#claims[one.index];
    if (claim === undefined) return;
    const { job, hold } = claim;
    switch (one.do) {
      case 'complete': {
        const lost = await this.#store.complete([{ job, tookMs: 1 }]);
        expect(lost.length === 0).toBe(this.#model.end(hold, 'done'));
        return;
      }
      case 'fail':
        expect(await this.#store.fail(job, FAILURE)).toBe(this.#model.end(hold, 'failed'));
        return;
      case 'discard':
        expect(await this.#store.discard(job, 'No')).toBe(this.#model.end(hold, 'cancelled'));
        return;
      case 'release': {
        const availableAt = clock.now() + one.delayMs;
        const { uncounted } = one;
        const isReleased = await this.#store.release(job, { availableAt, uncounted });
        expect(isReleased).toBe(this.#model.release(hold, availableAt, uncounted));
      }
    }
  }
}

function toWords({ id, outcome }: RecoveredJob): string {
  return `${id} ${outcome}`;
}

/** Asks a store for anything in any order, and compares it with a list of jobs. Runs share the store: each has a queue of its own. */
export async function expectAsModelled(store: QueueStore, runs: number): Promise<void> {
  let run = 0;
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 5, maxLength: 40 }),
    async (steps) => {
      run += 1;
      const twins = new Twins(store, `run-${run}`);
      for (const one of steps) {
        if (one.do === 'travel') clock.travelTo(clock.now() + one.milliseconds);
        else await twins.make(one);
      }
      await twins.compare();
      await store.recover(() => true); // what runs still is none of the next run's
      await store.recover(() => true);
    },
  );
  await fc.assert(property, { numRuns: runs });
}
