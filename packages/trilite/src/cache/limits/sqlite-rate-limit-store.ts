import type { Connection } from '../../database/connection';
import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import type { RateClaim, RateLimitStore, RateVerdict, RateWindow } from './rate-limit-store';

/** Hits between two sweeps, and windows a sweep removes: twice as many, so that the table shrinks faster than it grows. */
const SWEEP_EVERY = 50;
const SWEEP_BATCH = 2 * SWEEP_EVERY;

/**
 * One statement, so that nobody counts between the look and the count: what the `where` reads is the state before the first row is written.
 */
const TAKE = `
  with claims (key, max, window) as (
    select value ->> 'key', value ->> 'max', value ->> 'windowMs' from json_each(:claims))
  insert into rate_limits (key, hits, resets_at)
  select key, 1, :now + window from claims
  where not exists (
    select 1 from claims left join rate_limits as open on open.key = claims.key and open.resets_at > :now
    where coalesce(open.hits, 0) >= claims.max)
  on conflict (key) do update set
    hits = case when resets_at <= :now then 1 else hits + 1 end,
    resets_at = case when resets_at <= :now then excluded.resets_at else resets_at end
  returning key, hits, resets_at as resetsAt`;

const HIT = `
  insert into rate_limits (key, hits, resets_at) values (:key, :by, :now + :windowMs)
  on conflict (key) do update set
    hits = case when resets_at <= :now then :by else hits + :by end,
    resets_at = case when resets_at <= :now then excluded.resets_at else resets_at end
  returning key, hits, resets_at as resetsAt`;

const FIND =
  'select key, hits, resets_at as resetsAt from rate_limits where key = ? and resets_at > ?';

const CLEAR = 'delete from rate_limits where key = ? returning resets_at as resetsAt';

const SWEEP = `
  delete from rate_limits where key in (select key from rate_limits where resets_at <= ? order by resets_at limit ${SWEEP_BATCH})`;

const FORGET_BELOW = 'delete from rate_limits where substr(key, 1, length(:prefix)) = :prefix';

/** Rate limits in a SQLite file. */
export class SqliteRateLimitStore implements RateLimitStore {
  readonly #connection: Connection;
  #hits = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async take(claims: readonly RateClaim[]): Promise<RateVerdict> {
    if (claims.length === 0) return { isAllowed: true, windows: [] };
    const verdict = await this.#connection.write((handle) => takeNow(handle, claims));
    await this.#sweepNowAndThen();
    return verdict;
  }

  async hit(key: string, windowMs: number, by: number): Promise<RateWindow> {
    const window = await this.#connection.write(
      (handle) => handle.statement(HIT).get({ key, windowMs, by, now: clock.now() }) as RateWindow,
    );
    await this.#sweepNowAndThen();
    return window;
  }

  find(key: string): Promise<RateWindow | undefined> {
    return this.#connection.read((handle) => findNow(handle, key, clock.now()));
  }

  clear(key: string): Promise<boolean> {
    return this.#connection.write((handle) => {
      const row = handle.statement(CLEAR).get(key) as Pick<RateWindow, 'resetsAt'> | undefined;
      return row !== undefined && row.resetsAt > clock.now();
    });
  }

  /** Forgets every window whose key begins with a text; beyond the contract, for who removes a tenant. */
  async forgetBelow(prefix: string): Promise<void> {
    await this.#connection.write((handle) => handle.statement(FORGET_BELOW).run({ prefix }));
  }

  /** Windows that nobody asks for again would stay for ever: every so many hits take some of them along. */
  async #sweepNowAndThen(): Promise<void> {
    this.#hits += 1;
    if (this.#hits % SWEEP_EVERY !== 0) return;
    // A courtesy of the hit that happens to be the fiftieth: it is counted, whatever becomes of the sweep.
    const sweep = (handle: Handle): unknown => handle.statement(SWEEP).run(clock.now());
    await this.#connection.write(sweep).catch(() => undefined);
  }
}

function takeNow(handle: Handle, claims: readonly RateClaim[]): RateVerdict {
  const now = clock.now();
  const taken = handle.statement(TAKE).all({ claims: JSON.stringify(claims), now }) as RateWindow[];
  if (taken.length > 0) return { isAllowed: true, windows: taken };
  // Only to tell the caller why: nothing was counted.
  const windows = claims.flatMap(({ key }) => findNow(handle, key, now) ?? []);
  return { isAllowed: false, windows };
}

function findNow(handle: Handle, key: string, now: number): RateWindow | undefined {
  return handle.statement(FIND).get(key, now) as RateWindow | undefined;
}
