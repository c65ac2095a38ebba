import type { Connection } from '../database/connection';
import type { Handle } from '../database/connection-handle';
import { clock } from '../support/clock';
import { decode, encode, type Stored } from '../support/serializer';
import type { CacheHit, CacheStore } from './cache-store';
import { CacheValueNotNumericError } from './errors';

/** Puts between two sweeps, and entries a sweep removes: twice as many, so that the file shrinks faster than it grows. */
const SWEEP_EVERY = 50;
const SWEEP_BATCH = 2 * SWEEP_EVERY;

const GET = 'select value, expires_at from cache_entries where key = ?';

const PUT = `
  insert into cache_entries (key, value, expires_at) values (?, ?, ?)
  on conflict (key) do update set value = excluded.value, expires_at = excluded.expires_at`;

const ADD = `
  insert into cache_entries (key, value, expires_at) values (?, ?, ?)
  on conflict (key) do update set value = excluded.value, expires_at = excluded.expires_at
  where cache_entries.expires_at <= ?`;

/** One statement, so that two processes cannot both read the same number. A value that is no number matches no row. */
const INCREMENT = `
  insert into cache_entries (key, value, expires_at) values (:key, :first, null)
  on conflict (key) do update set
    value = case when expires_at <= :now then :first else cast(value + :by as text) end,
    expires_at = case when expires_at <= :now then null else expires_at end
  where expires_at <= :now or (typeof(value) = 'text' and json_type(value) in ('integer', 'real'))
  returning value`;

const FORGET = 'delete from cache_entries where key = ? returning expires_at';

const SWEEP = `
  delete from cache_entries
  where key in (select key from cache_entries where expires_at <= ? order by expires_at limit ${SWEEP_BATCH})`;

interface Row {
  readonly value: Stored;
  readonly expires_at: number | null;
}

/** A cache in a SQLite file; writes asked for together share one commit. */
export class SqliteCacheStore implements CacheStore {
  readonly #connection: Connection;
  #puts = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get(key: string): Promise<CacheHit | undefined> {
    return this.#connection.read((handle) => {
      const row = handle.statement(GET).get(key) as Row | undefined;
      if (row === undefined || isExpired(row.expires_at)) return undefined;
      return { value: decode(row.value) };
    });
  }

  async put(key: string, value: unknown, expiresAt: number | undefined): Promise<void> {
    const stored = encode(value);
    await this.#connection.write((handle) =>
      handle.statement(PUT).run(key, stored, expiresAt ?? null),
    );
    await this.#sweepNowAndThen();
  }

  async add(key: string, value: unknown, expiresAt: number | undefined): Promise<boolean> {
    const stored = encode(value);
    const result = await this.#connection.write((handle) =>
      handle.statement(ADD).run(key, stored, expiresAt ?? null, clock.now()),
    );
    return result.changes === 1;
  }

  async increment(key: string, by: number): Promise<number> {
    const row = await this.#connection.write(
      (handle) =>
        handle.statement(INCREMENT).get({ key, by, first: String(by), now: clock.now() }) as
          { value: string } | undefined,
    );
    if (row === undefined) throw CacheValueNotNumericError.at(key);
    return Number(row.value);
  }

  async forget(key: string): Promise<boolean> {
    const row = await this.#connection.write(
      (handle) => handle.statement(FORGET).get(key) as Pick<Row, 'expires_at'> | undefined,
    );
    return row !== undefined && !isExpired(row.expires_at);
  }

  async clear(): Promise<void> {
    await this.#connection.write((handle) => handle.statement('delete from cache_entries').run());
  }

  /** Expired entries that nobody asks for again would stay for ever: every so many puts take some of them along. */
  async #sweepNowAndThen(): Promise<void> {
    this.#puts += 1;
    if (this.#puts % SWEEP_EVERY !== 0) return;
    // A courtesy of the put that happens to be the fiftieth: its own entry is stored, whatever becomes of the sweep.
    const sweep = (handle: Handle): unknown => handle.statement(SWEEP).run(clock.now());
    await this.#connection.write(sweep).catch(() => undefined);
  }
}

function isExpired(expiresAt: number | null): boolean {
  return expiresAt !== null && expiresAt <= clock.now();
}
