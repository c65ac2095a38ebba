import type { Connection } from '../../database/connection';
import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import { isOwnerGone } from '../../support/owner';
import type { HeldLock, LockRequest, LockStore } from './lock-store';

/** Acquires between two sweeps, and locks a sweep removes: twice as many, so that the table shrinks faster than it grows. */
const SWEEP_EVERY = 50;
const SWEEP_BATCH = 2 * SWEEP_EVERY;

/**
 * One statement: what it finds free is its own before anybody else can look. `gone` holds processes that were found dead; none of them takes
 * a lock again, so that a lock bound to one is still the one that was looked at.
 */
const ACQUIRE = `
  insert into locks (name, owner, bound_to, acquired_at, expires_at)
  select wanted.value, :owner, :boundTo, :now, :now + :ttlMs
  from json_each(:names) as wanted left join locks on locks.name = wanted.value
  where locks.name is null or locks.expires_at <= :now or locks.bound_to in (select value from json_each(:gone))
  order by wanted.key limit 1
  on conflict (name) do update set
    owner = excluded.owner, bound_to = excluded.bound_to, acquired_at = excluded.acquired_at, expires_at = excluded.expires_at
  returning name`;

/** An expired lock goes as well, but does not count. */
const RELEASE = 'delete from locks where name = ? and owner = ? returning expires_at as expiresAt';

const FORCE_RELEASE = 'delete from locks where name = ? returning expires_at as expiresAt';

const REFRESH = `
  update locks set expires_at = :now + :ttlMs where name = :name and owner = :owner and expires_at > :now`;

const HELD = `
  select name, owner, bound_to as boundTo, acquired_at as acquiredAt, expires_at as expiresAt
  from locks where expires_at > ?`;

const HELD_OF = `${HELD} and name in (select value from json_each(?)) order by name`;
const ALL_HELD = `${HELD} order by name`;

const SWEEP = `
  delete from locks where name in (select name from locks where expires_at <= ? order by expires_at limit ${SWEEP_BATCH})`;

const HAS_LOCKS = `select 1 from sqlite_schema where type = 'table' and name = 'locks'`;

/**
 * Gives back the locks of a copied file that are bound to a process, within the transaction of whoever calls: that process holds them in the original.
 * Harmless in a file without locks.
 */
export function releaseBoundLocks(handle: Handle): void {
  if (handle.statement(HAS_LOCKS).get() === undefined) return;
  handle.exec('delete from locks where bound_to is not null');
}

type Row = Omit<HeldLock, 'boundTo' | 'isAbandoned'> & { readonly boundTo: string | null };

/** Locks in a SQLite file. */
export class SqliteLockStore implements LockStore {
  readonly #connection: Connection;
  #acquires = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async acquire(request: LockRequest): Promise<string | undefined> {
    const taken = (await this.#take(request, [])) ?? (await this.#takeAbandoned(request));
    await this.#sweepNowAndThen();
    return taken;
  }

  release(name: string, owner: string): Promise<boolean> {
    return this.#remove(RELEASE, name, owner);
  }

  forceRelease(name: string): Promise<boolean> {
    return this.#remove(FORCE_RELEASE, name);
  }

  async refresh(name: string, owner: string, ttlMs: number): Promise<boolean> {
    const result = await this.#connection.write((handle) =>
      handle.statement(REFRESH).run({ name, owner, ttlMs, now: clock.now() }),
    );
    return result.changes === 1;
  }

  held(names?: readonly string[]): Promise<HeldLock[]> {
    return this.#connection.read((handle) => {
      const rows =
        names === undefined
          ? handle.statement(ALL_HELD).all(clock.now())
          : handle.statement(HELD_OF).all(clock.now(), JSON.stringify(names));
      return (rows as Row[]).map(toHeldLock);
    });
  }

  #remove(sql: string, ...values: readonly string[]): Promise<boolean> {
    return this.#connection.write((handle) => {
      const row = handle.statement(sql).get(...values) as Pick<Row, 'expiresAt'> | undefined;
      return row !== undefined && row.expiresAt > clock.now();
    });
  }

  #take(
    { names, owner, ttlMs, boundTo }: LockRequest,
    gone: readonly string[],
  ): Promise<string | undefined> {
    return this.#connection.write((handle) => {
      const row = handle.statement(ACQUIRE).get({
        names: JSON.stringify(names),
        gone: JSON.stringify(gone),
        boundTo: boundTo ?? null,
        owner,
        ttlMs,
        now: clock.now(),
      }) as Pick<Row, 'name'> | undefined;
      return row?.name;
    });
  }

  /** Whether a process is gone only the system knows: that is asked apart, when nothing else is free. */
  async #takeAbandoned(request: LockRequest): Promise<string | undefined> {
    const held = await this.held(request.names);
    const gone = held.flatMap((lock) => (lock.isAbandoned ? (lock.boundTo ?? []) : []));
    return gone.length === 0 ? undefined : this.#take(request, gone);
  }

  /** Expired locks that nobody asks for again would stay for ever: every so many acquires take some of them along. */
  async #sweepNowAndThen(): Promise<void> {
    this.#acquires += 1;
    if (this.#acquires % SWEEP_EVERY !== 0) return;
    // A courtesy of the acquire that happens to be the fiftieth: it has its answer, whatever becomes of the sweep.
    const sweep = (handle: Handle): unknown => handle.statement(SWEEP).run(clock.now());
    await this.#connection.write(sweep).catch(() => undefined);
  }
}

function toHeldLock(row: Row): HeldLock {
  return { ...row, boundTo: row.boundTo ?? undefined, isAbandoned: isAbandoned(row) };
}

function isAbandoned({ boundTo }: Pick<Row, 'boundTo'>): boolean {
  return boundTo !== null && isOwnerGone(boundTo);
}
