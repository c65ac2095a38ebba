import * as fc from 'fast-check';
import type { Handle } from '../../../src/database/connection-handle';
import { clock } from '../../../src/support/clock';
import { workIndexMigrations } from '../../../src/tenancy/work-index/schema';
import { WorkIndexStore, type WorkRow } from '../../../src/tenancy/work-index/work-index-store';
import type { WorkLease } from '../../../src/tenancy/work-index/work-lease-store';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';
import {
  WorkIndexModel,
  type Move,
  type Ready,
  type Setting,
  type State,
} from './work-index-model';

/*
 * The store is led through random ways of the model, and must stand after each step where the model stands: then what is proved of the one
 * holds of the other.
 */

const GRACE_MS = 6000;
const LATER_MS = 3_600_000;
/** Leases are ended by the test, never by time. */
const LEASE_MS = 1000 * LATER_MS;

let file: TemporaryFile;

beforeEach(async () => {
  clock.travelTo(Date.UTC(2026, 0, 1));
  file = await createTemporaryFile(workIndexMigrations);
});

afterEach(async () => {
  clock.travelBack();
  await file.close();
});

/** The model, and the store that does the same. Stores on two connections take turns: nothing may depend on which of them was asked before. */
class Twins {
  readonly #model: WorkIndexModel;
  readonly #stores: readonly WorkIndexStore[];
  readonly #queue: string;
  readonly #slots: number;
  readonly #readyAt = new Map<number, number>();
  readonly #leases = new Map<number, WorkLease>();
  readonly #emptyReadAt = new Map<number, number>();
  readonly #dueAt = new Map<number, number>();
  readonly #orphans: WorkLease[] = [];
  #state: State;
  #laterAt = clock.now() + LATER_MS;
  #asked = 0;

  constructor(queue: string, setting: Setting) {
    this.#model = new WorkIndexModel(setting);
    this.#state = this.#model.start;
    this.#stores = [new WorkIndexStore(file.connection), new WorkIndexStore(file.elsewhere)];
    this.#queue = queue;
    this.#slots = setting.slots ?? 1;
  }

  /** Goes a way: at each step, which one of those that are possible. */
  async go(choices: readonly number[]): Promise<void> {
    const way: Move[] = [];
    try {
      for (const choice of choices) {
        const moves = this.#model.moves(this.#state);
        const move = moves[choice % Math.max(1, moves.length)];
        if (move === undefined) return;
        way.push(move);
        await this.#step(move, moves);
      }
    } catch (cause) {
      const steps = way.map(({ kind, who = '', index }) => `${kind} ${who} ${index}`);
      throw new Error(`They part at the end of:\n${steps.join('\n')}`, { cause });
    }
  }

  async #step(move: Move, possible: readonly Move[]): Promise<void> {
    const made = await this.#make(move);
    if (made !== undefined) {
      expect(possible).toContainEqual(made);
      this.#state = this.#model.after(this.#state, made);
    }
    await this.#compare();
  }

  get #store(): WorkIndexStore {
    this.#asked += 1;
    return this.#stores[this.#asked % this.#stores.length] as WorkIndexStore;
  }

  /** @returns the step that the store has made: it decides itself whether it skips */
  async #make(move: Move): Promise<Move | undefined> {
    const { kind, who, index } = move;
    if (kind === 'touch' || kind === 'skip') return this.#touch(move);
    if (kind === 'orphaned lease ends') return this.#end(move, this.#orphans.splice(index, 1)[0]);
    if (kind === 'lease ends') return this.#end(move, this.#leases.get(index));
    if (kind === 'wake' || kind === 'age' || kind === 'arrive') return this.#travel(move);
    if (who === 'worker') await this.#work(move);
    return move;
  }

  async #touch(move: Move): Promise<Move> {
    const readyAt = move.who === 'worker' ? clock.now() : this.#readyAtOf(move.index);
    const isWritten = await this.#store.touch('tenant', this.#queue, readyAt);
    return { ...move, kind: isWritten ? 'touch' : 'skip' };
  }

  #readyAtOf(index: number): number {
    const isDelayed = this.#state.dispatchers[index]?.isDelayed === true;
    const readyAt = this.#readyAt.get(index) ?? (isDelayed ? this.#laterAt : clock.now());
    this.#readyAt.set(index, readyAt);
    return readyAt;
  }

  async #end(move: Move, lease: WorkLease | undefined): Promise<Move> {
    const end = (handle: Handle): unknown =>
      handle
        .statement('update tenant_work_leases set leased_until = 0 where lease = ?')
        .run(lease?.id);
    await file.connection.write(end);
    const none = await this.#store.lease({ owner: 'nobody', leaseMs: LEASE_MS, queues: [] });
    expect(none).toBeUndefined();
    return move;
  }

  async #travel(move: Move): Promise<Move | undefined> {
    const row = await this.#row();
    if (move.kind === 'arrive') {
      clock.travelTo(this.#laterAt);
      this.#laterAt += LATER_MS;
      return move;
    }
    if (row === undefined) throw new Error('There is no row.');
    if (move.kind === 'age') clock.travelTo(row.touchedAt + GRACE_MS);
    else {
      if (row.readyAt >= row.touchedAt + GRACE_MS) return undefined; // it would age as well
      clock.travelTo(row.readyAt);
    }
    return move;
  }

  async #work({ kind, index }: Move): Promise<void> {
    const worker = this.#state.workers[index];
    const lease = this.#leases.get(index);
    switch (kind) {
      case 'lease': {
        const given = await this.#store.lease({
          owner: 'worker',
          leaseMs: LEASE_MS,
          ...this.#served,
        });
        expect(given).toMatchObject({ tenantId: 'tenant', queue: this.#queue });
        this.#leases.set(index, given as WorkLease);
        return;
      }
      case 'read':
        this.#emptyReadAt.set(index, clock.now());
        this.#dueAt.set(index, this.#laterAt);
        return;
      case 'crash':
        if (worker?.lease === 'current' || worker?.lease === 'stale') {
          this.#orphans.push(lease as WorkLease);
        }
        return;
      case 'release due':
        return this.#release(index, { left: 'due', elapsedMs: 1 });
      case 'release': {
        const left =
          worker?.found === 'empty' ? 'empty' : { dueAt: this.#dueAt.get(index) as number };
        const emptyReadAt = this.#emptyReadAt.get(index) as number;
        return this.#release(index, { left, emptyReadAt, elapsedMs: 1 });
      }
    }
  }

  async #release(index: number, end: Parameters<WorkIndexStore['release']>[1]): Promise<void> {
    const isHeld = await this.#store.release(this.#leases.get(index) as WorkLease, end);
    const lease = this.#state.workers[index]?.lease;
    expect(isHeld).toBe(lease === 'current' || lease === 'stale');
  }

  async #compare(): Promise<void> {
    const { row, workers, orphans } = this.#state;
    const real = await this.#row();
    expect(real && abstract(real)).toEqual(row);
    const leases = [...workers.map(({ lease }) => lease), ...orphans];
    const held = leases.filter((lease) => lease === 'current' || lease === 'stale');
    expect(await this.#leasesOf(real?.seq)).toEqual(held.sort());
    const hasWork = row?.ready === 'due' && held.length < this.#slots;
    const nextAt = await this.#store.nextReadyAt(this.#served);
    expect(nextAt !== undefined && nextAt <= clock.now()).toBe(hasWork);
  }

  get #served() {
    return { queues: [this.#queue], maxPerTenant: this.#slots };
  }

  async #row(): Promise<WorkRow | undefined> {
    const rows = await this.#store.list();
    return rows.find(({ queue }) => queue === this.#queue);
  }

  #leasesOf(seq: number | undefined): Promise<string[]> {
    return file.connection.read((handle) => {
      const seqs = handle
        .statement('select lease_seq from tenant_work_leases where queue = ?')
        .pluck()
        .all(this.#queue);
      return seqs.map((one) => (one === seq ? 'current' : 'stale')).sort();
    });
  }
}

function abstract({ readyAt, touchedAt }: WorkRow): { ready: Ready; isYoung: boolean } {
  const graceEnd = touchedAt + GRACE_MS;
  return { ready: readyOf(readyAt, graceEnd), isYoung: clock.now() < graceEnd };
}

function readyOf(readyAt: number, graceEnd: number): Ready {
  if (readyAt <= clock.now()) return 'due';
  if (readyAt <= graceEnd) return 'early';
  return readyAt <= clock.now() + LATER_MS ? 'later' : 'held';
}

test.each([1, 2])(
  'the store stands where the model stands, whatever happens in which order, with leases at once: %d',
  async (slots) => {
    let run = 0;
    const setting = { dispatchers: 3, delayed: 1, workers: 2, slots, crashes: 2, putBacks: 2 };
    const property = fc.asyncProperty(
      fc.array(fc.nat(), { minLength: 20, maxLength: 60 }),
      async (choices) => {
        run += 1;
        const twins = new Twins(`run-${run}`, setting);
        await twins.go(choices);
        await new WorkIndexStore(file.connection).forget('tenant');
      },
    );
    // A way cannot be shortened: without a step all later choices mean other ones.
    await fc.assert(property, { numRuns: 100, endOnFailure: true });
  },
);
