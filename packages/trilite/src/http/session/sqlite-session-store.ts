import type { Connection } from '../../database/connection';
import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import type { Stored } from '../../support/serializer';
import type { ChangePayload, SessionStore, StoredSession } from './session-store';

/** Ended sessions that each new one takes along: two, so that the table shrinks faster than it grows. */
const PRUNED_IN_PASSING = 2;
/** Rows deleted in one write, so that nobody waits long for the writer. */
const PIECE = 500;

const FIND = 'select payload, seen_at as seenAt from sessions where key = ? and expires_at > ?';

const CREATE = `
  insert into sessions (key, tenant_id, payload, created_at, seen_at, expires_at)
  values (:key, :tenantId, :payload, :now, :now, :now + min(:lifetimeMs, :maxLifetimeMs))`;

const CHANGE = 'update sessions set payload = :payload where key = :key';

const TOUCH = `
  update sessions set seen_at = :now, expires_at = min(:now + :lifetimeMs, created_at + :maxLifetimeMs)
  where key = :key and expires_at > :now`;

const MOVE = `
  update sessions set key = :to, payload = :payload, created_at = :now, seen_at = :now,
    expires_at = :now + min(:lifetimeMs, :maxLifetimeMs)
  where key = :from and expires_at > :now`;

const REMOVE = 'delete from sessions where key = ? returning expires_at as expiresAt';

const PRUNE = `
  delete from sessions where key in (select key from sessions where expires_at <= ? order by expires_at limit ?)`;

/** What a store needs to know. */
export interface SqliteSessionStoreOptions {
  /** Where the table is; throws when the current work may not use it. */
  readonly connection: () => Connection;
  /** Whose sessions these are, where the table holds those of all; else undefined. */
  readonly tenantId: string | undefined;
  /** How long a session lives after it was seen last. */
  readonly lifetimeMs: number;
  /** How long it lives at most. */
  readonly maxLifetimeMs: number;
}

/** Sessions in a SQLite file. */
export class SqliteSessionStore implements SessionStore {
  readonly #options: SqliteSessionStoreOptions;
  readonly #lives: { readonly lifetimeMs: number; readonly maxLifetimeMs: number };

  constructor(options: SqliteSessionStoreOptions) {
    this.#options = options;
    const { lifetimeMs, maxLifetimeMs } = options;
    this.#lives = { lifetimeMs, maxLifetimeMs };
  }

  async find(key: string): Promise<StoredSession | undefined> {
    return this.#connection.read((handle) => findNow(handle, key));
  }

  async create(key: string, payload: Stored): Promise<void> {
    const tenantId = this.#options.tenantId ?? null;
    await this.#connection.write(
      (handle) => {
        const now = clock.now();
        handle.statement(PRUNE).run(now, PRUNED_IN_PASSING);
        handle.statement(CREATE).run({ key, tenantId, payload, now, ...this.#lives });
      },
      { several: true },
    );
  }

  async change(key: string, change: ChangePayload): Promise<boolean> {
    return this.#rewrite(key, change, (handle, payload) =>
      handle.statement(CHANGE).run({ key, payload }),
    );
  }

  async touch(key: string): Promise<boolean> {
    const result = await this.#connection.write((handle) =>
      handle.statement(TOUCH).run({ key, now: clock.now(), ...this.#lives }),
    );
    return result.changes === 1;
  }

  async move(from: string, to: string, change: ChangePayload): Promise<boolean> {
    return this.#rewrite(from, change, (handle, payload) =>
      handle.statement(MOVE).run({ from, to, payload, now: clock.now(), ...this.#lives }),
    );
  }

  async remove(key: string): Promise<boolean> {
    return this.#connection.write((handle) => {
      const row = handle.statement(REMOVE).get(key) as { readonly expiresAt: number } | undefined;
      return row !== undefined && row.expiresAt > clock.now();
    });
  }

  async prune(): Promise<number> {
    let pruned = 0;
    for (let some = PIECE; some === PIECE; pruned += some) {
      const now = clock.now();
      some = await this.#connection.write(
        (handle) => handle.statement(PRUNE).run(now, PIECE).changes,
      );
    }
    return pruned;
  }

  get #connection(): Connection {
    return this.#options.connection();
  }

  /** A write has the lock of the file: what it reads is what it changes. */
  #rewrite(
    key: string,
    change: ChangePayload,
    write: (handle: Handle, payload: Stored) => unknown,
  ): Promise<boolean> {
    return this.#connection.write(
      (handle) => {
        const stored = findNow(handle, key);
        if (stored === undefined) return false;
        write(handle, change(stored.payload));
        return true;
      },
      // More than one statement: a lone one would begin no transaction, and another process could write between the two
      { several: true },
    );
  }
}

function findNow(handle: Handle, key: string): StoredSession | undefined {
  return handle.statement(FIND).get(key, clock.now()) as StoredSession | undefined;
}
