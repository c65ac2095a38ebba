/*
 * The protocol of the work index as a small abstract machine, for one queue of one tenant: every order in which its steps can happen.
 *
 *   dispatcher: start ─touch, skip─▶ relying ─insert─▶ inserted ─touch, skip─▶ done         any ─crash─▶ crashed
 *   worker: idle ─lease─▶ leased ─read─▶ working ─finish, put back─▶ leased
 *                           │  └─read─▶ found nothing (or nothing due) ─release─▶ idle
 *                           └─release: due─▶ idle, or, when the lease was lost, ─▶ owing ─touch─▶ idle
 *
 * What is abstracted:
 * - Time. A touch is young until the step "age", which cannot happen while somebody who relies on it is about to insert: each insert is
 *   committed within the grace. A delayed job is due later, and all that is later arrives in one step.
 * - seq. All that counts is whether it still is what it was when a lease was given: a lease is current, or stale.
 * - A worker that crashes at a job: the claim of that job ends later, and until then the job is one that is due later.
 */

export type Rule =
  | 'grace'
  | 'grace judged at the read'
  | 'seq comparison'
  | 'skip only a fresh row'
  | 'skip only when no lease is current'
  | 'second touch'
  | 'an early read leaves a touched row due'
  | 'a running job is no empty queue'
  | 'a release counts';

/** early: until the end of the grace at the latest. held: until the leases of others end. */
export type Ready = 'due' | 'early' | 'later' | 'held';

interface Row {
  readonly ready: Ready;
  readonly isYoung: boolean;
}

interface Dispatcher {
  readonly at: 'start' | 'relying' | 'inserted' | 'done' | 'crashed';
  readonly isDelayed: boolean;
}

/** none and lost are not in the index, current and stale are. */
type Lease = 'none' | 'current' | 'stale' | 'lost';

interface Worker {
  readonly at: 'idle' | 'leased' | 'working' | 'found' | 'owing';
  readonly lease: Lease;
  /** What the last read found ("past": what was later has come since), and whether the touch was young at that moment. */
  readonly found: 'empty' | 'later' | 'past';
  readonly wasYoung: boolean;
}

/** A state of everything. */
export interface State {
  readonly row: Row | undefined;
  /** Jobs in the queue file: due, and due later. Those that run are with their workers. */
  readonly due: number;
  readonly later: number;
  readonly dispatchers: readonly Dispatcher[];
  readonly workers: readonly Worker[];
  /** Leases of workers that crashed. */
  readonly orphans: readonly ('current' | 'stale')[];
  /** Crashes of workers and put-backs that may still happen, and whether there was any crash. */
  readonly crashesLeft: number;
  readonly putBacksLeft: number;
  readonly hasCrashed: boolean;
}

export type MoveKind =
  | 'touch'
  | 'skip'
  | 'insert'
  | 'crash'
  | 'lease'
  | 'read'
  | 'finish'
  | 'put back'
  | 'put off'
  | 'release due'
  | 'release'
  | 'lease ends'
  | 'orphaned lease ends'
  | 'wake'
  | 'age'
  | 'arrive';

/** A step: what happens, to which dispatcher, worker or orphaned lease. */
export interface Move {
  readonly kind: MoveKind;
  readonly who?: 'dispatcher' | 'worker';
  readonly index: number;
}

/** What is enumerated. */
export interface Setting {
  /** How many dispatchers, and how many of them dispatch delayed jobs. */
  readonly dispatchers: number;
  readonly delayed?: number;
  readonly workers: number;
  /** Leases at once. Default: 1. */
  readonly slots?: number;
  /** Default: 1. */
  readonly crashes?: number;
  /** Jobs a worker puts back. Default: 0. */
  readonly putBacks?: number;
  /** Rules that are broken. Default: none. */
  readonly without?: readonly Rule[];
}

const IDLE: Worker = { at: 'idle', lease: 'none', found: 'empty', wasYoung: false };
const OWING: Worker = { ...IDLE, at: 'owing' };

/** The states of a setting and the steps between them; some rules may be broken. */
export class WorkIndexModel {
  readonly #setting: Setting;
  readonly #broken: ReadonlySet<Rule>;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#broken = new Set(setting.without);
  }

  get start(): State {
    const { dispatchers, delayed = 0, workers, crashes = 1, putBacks = 0 } = this.#setting;
    return {
      row: undefined,
      due: 0,
      later: 0,
      dispatchers: Array.from({ length: dispatchers }, (_, index) => ({
        at: 'start',
        isDelayed: index < delayed,
      })),
      workers: Array.from({ length: workers }, () => IDLE),
      orphans: [],
      crashesLeft: crashes,
      putBacksLeft: putBacks,
      hasCrashed: false,
    };
  }

  /** The steps that are possible in a state. */
  moves(state: State): Move[] {
    const moves: Move[] = [];
    for (const [index, one] of state.dispatchers.entries()) {
      for (const kind of this.#dispatcherMoves(state, one)) {
        moves.push({ kind, who: 'dispatcher', index });
      }
    }
    for (const [index, one] of state.workers.entries()) {
      for (const kind of this.#workerMoves(state, one)) moves.push({ kind, who: 'worker', index });
    }
    for (const index of state.orphans.keys()) moves.push({ kind: 'orphaned lease ends', index });
    if (state.row?.ready === 'early' || state.row?.ready === 'held') {
      moves.push({ kind: 'wake', index: 0 });
    }
    const isRelied = state.dispatchers.some(({ at }) => at === 'relying');
    if (state.row?.isYoung === true && !isRelied) moves.push({ kind: 'age', index: 0 });
    const isLater = state.later > 0 || state.row?.ready === 'later';
    if (isLater && !isRelied) moves.push({ kind: 'arrive', index: 0 });
    return moves;
  }

  /** The state after a step. */
  after(state: State, { kind, who, index }: Move): State {
    if (who === 'dispatcher') return this.#afterDispatcher(state, kind, index);
    if (who === 'worker') return this.#afterWorker(state, kind, index);
    const { row } = state;
    if (kind === 'orphaned lease ends') {
      return this.#leaseEnded({ ...state, orphans: without(state.orphans, index) });
    }
    if (kind === 'arrive') return arrived(state);
    if (row === undefined) throw new Error(`There is no row to ${kind}.`);
    if (kind === 'wake') return { ...state, row: { ...row, ready: 'due' } };
    // With the end of the grace what was put off is due.
    const ready = row.ready === 'early' ? 'due' : row.ready;
    return { ...state, row: { ready, isYoung: false } };
  }

  #dispatcherMoves(state: State, { at, isDelayed }: Dispatcher): MoveKind[] {
    if (at === 'done' || at === 'crashed') return [];
    if (at === 'relying') return ['insert', 'crash'];
    return this.#maySkip(state, isDelayed) ? ['touch', 'skip', 'crash'] : ['touch', 'crash'];
  }

  #maySkip({ row, workers, orphans }: State, isDelayed: boolean): boolean {
    const isCurrent = [...orphans, ...workers.map(({ lease }) => lease)].includes('current');
    const isLeased = orphans.length > 0 || workers.some(({ lease }) => isIn(lease));
    const isReady =
      row !== undefined && (row.ready === 'due' || (isDelayed && row.ready !== 'held'));
    const isFresh = row?.isYoung === true;
    return (
      isReady &&
      (isFresh || (this.#isBroken('skip only a fresh row') && isLeased)) &&
      (!isCurrent || this.#isBroken('skip only when no lease is current'))
    );
  }

  #workerMoves(state: State, { at, lease }: Worker): MoveKind[] {
    const moves: MoveKind[] = [];
    if (isIn(lease)) moves.push('lease ends');
    if (at !== 'idle' && state.crashesLeft > 0) moves.push('crash');
    const held = state.workers.filter((one) => isIn(one.lease)).length + state.orphans.length;
    switch (at) {
      case 'idle':
        if (state.row?.ready === 'due' && held < (this.#setting.slots ?? 1)) moves.push('lease');
        break;
      case 'leased':
        moves.push('read', 'release due');
        break;
      case 'working':
        moves.push('finish');
        if (state.putBacksLeft > 0) moves.push('put back', 'put off');
        break;
      case 'found':
        moves.push('release');
        break;
      case 'owing':
        moves.push('touch');
        if (this.#maySkip(state, false)) moves.push('skip');
    }
    return moves;
  }

  #afterDispatcher(state: State, kind: MoveKind, index: number): State {
    const one = state.dispatchers[index];
    if (one === undefined) throw new Error('There is no such dispatcher.');
    const set = (at: Dispatcher['at'], changed: State = state): State => ({
      ...changed,
      dispatchers: replaced(changed.dispatchers, index, { ...one, at }),
    });
    switch (kind) {
      case 'crash':
        return set('crashed', { ...state, hasCrashed: true });
      case 'insert': {
        const next = this.#isBroken('second touch') ? 'done' : 'inserted';
        return set(
          next,
          one.isDelayed ? { ...state, later: state.later + 1 } : { ...state, due: state.due + 1 },
        );
      }
      default: {
        const next = one.at === 'start' ? 'relying' : 'done';
        return set(
          next,
          kind === 'touch' ? touched(state, one.isDelayed ? 'later' : 'due') : state,
        );
      }
    }
  }

  #afterWorker(state: State, kind: MoveKind, index: number): State {
    const worker = state.workers[index];
    if (worker === undefined) throw new Error('There is no such worker.');
    const set = (changes: Partial<Worker>, changed: State = state): State => ({
      ...changed,
      workers: replaced(changed.workers, index, { ...worker, ...changes }),
    });
    switch (kind) {
      case 'lease':
        return set({ at: 'leased', lease: 'current' });
      case 'lease ends':
        return this.#leaseEnded(set({ lease: 'lost' }));
      case 'crash':
        return crashed(state, index, worker);
      case 'read':
        return this.#afterRead(state, set);
      case 'finish':
        return set({ at: 'leased' });
      case 'put back':
        return set(
          { at: 'leased' },
          { ...state, due: state.due + 1, putBacksLeft: state.putBacksLeft - 1 },
        );
      case 'put off':
        return set(
          { at: 'leased' },
          { ...state, later: state.later + 1, putBacksLeft: state.putBacksLeft - 1 },
        );
      case 'touch':
        return touched(set(IDLE), 'due');
      case 'skip':
        return set(IDLE);
      default: {
        const isDue = kind === 'release due';
        const owes = !isIn(worker.lease) && (isDue || worker.found !== 'empty');
        return this.#afterRelease(set(owes ? OWING : IDLE), worker, isDue);
      }
    }
  }

  /** Takes a job, or finds none; one that runs at another worker is due when its claim ends. */
  #afterRead(state: State, set: (changes: Partial<Worker>, changed?: State) => State): State {
    if (state.due > 0) return set({ at: 'working' }, { ...state, due: state.due - 1 });
    const isRunning =
      !this.#isBroken('a running job is no empty queue') &&
      state.workers.some(({ at }) => at === 'working');
    const found = state.later > 0 || isRunning ? 'later' : 'empty';
    return set({ at: 'found', found, wasYoung: state.row?.isYoung === true });
  }

  /** @param state the worker has no lease any more */
  #afterRelease(state: State, worker: Worker, isDue: boolean): State {
    const { row } = state;
    if (!isIn(worker.lease)) return state;
    if (row === undefined) throw new Error('A leased row is gone.');
    if (isDue) return this.#counted({ ...state, row: { ...row, ready: 'due' } });
    const isYoung = this.#isYoung(worker, row);
    const isBelieved =
      worker.lease === 'current' ||
      this.#isBroken('seq comparison') ||
      (isYoung && this.#isBroken('an early read leaves a touched row due'));
    if (!isBelieved) return state;
    const isHeld = state.workers.some(({ lease }) => isIn(lease)) || state.orphans.length > 0;
    if (worker.found === 'empty' && !isYoung && !isHeld) return { ...state, row: undefined };
    const believed = { empty: 'held', later: 'later', past: 'due' } as const;
    const putOff = row.isYoung && worker.found !== 'past' ? 'early' : 'due';
    const ready = isYoung ? putOff : believed[worker.found];
    return this.#counted({ ...state, row: { ...row, ready } });
  }

  #isYoung(worker: Worker, row: Row): boolean {
    if (this.#isBroken('grace')) return false;
    return this.#isBroken('grace judged at the read') ? row.isYoung : worker.wasYoung;
  }

  /** Nobody knows what its holder left behind: that counts as a touch. */
  #leaseEnded(state: State): State {
    const { row } = state;
    if (row === undefined) throw new Error('A leased row is gone.');
    return disturbed({ ...state, row: { ...row, ready: 'due' } });
  }

  #counted(state: State): State {
    return this.#isBroken('a release counts') ? state : disturbed(state);
  }

  #isBroken(rule: Rule): boolean {
    return this.#broken.has(rule);
  }
}

/** Something happened to the row: no lease that is given believes what it reads. */
function disturbed(state: State): State {
  return {
    ...state,
    workers: state.workers.map((one) =>
      one.lease === 'current' ? { ...one, lease: 'stale' } : one,
    ),
    orphans: state.orphans.map(() => 'stale'),
  };
}

function touched(state: State, by: 'due' | 'later'): State {
  const ready = state.row === undefined || by === 'due' ? by : state.row.ready;
  return disturbed({ ...state, row: { ready, isYoung: true } });
}

function arrived(state: State): State {
  const ready: Ready = state.row?.ready === 'held' ? 'held' : 'due';
  const row = state.row && { isYoung: false, ready };
  return {
    ...state,
    row,
    due: state.due + state.later,
    later: 0,
    workers: state.workers.map((one) => (one.found === 'later' ? { ...one, found: 'past' } : one)),
    dispatchers: state.dispatchers.map((one) =>
      one.at === 'inserted' ? { ...one, isDelayed: false } : one,
    ),
  };
}

/** A worker dies; another comes in its place. */
function crashed(state: State, index: number, { at, lease }: Worker): State {
  return {
    ...state,
    workers: replaced(state.workers, index, IDLE),
    orphans: lease === 'current' || lease === 'stale' ? [...state.orphans, lease] : state.orphans,
    later: state.later + (at === 'working' ? 1 : 0),
    crashesLeft: state.crashesLeft - 1,
    hasCrashed: true,
  };
}

function isIn(lease: Lease): boolean {
  return lease === 'current' || lease === 'stale';
}

function replaced<T>(all: readonly T[], index: number, one: T): T[] {
  return all.map((old, at) => (at === index ? one : old));
}

function without<T>(all: readonly T[], index: number): T[] {
  return all.filter((_, at) => at !== index);
}
