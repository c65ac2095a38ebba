import type { Connection } from '../../database/connection';
import type { Handle } from '../../database/connection-handle';
import { readGeneration, renewGeneration } from '../../database/generation';
import { clock } from '../../support/clock';
import type { NewBatch, NewJob, RelayedPush } from '../queue-store';

/** Rows relayed in one transaction. */
const PIECE = 500;

/** The next number, and none smaller than the time: a file that was put back by a copy gives no number that it gave before. */
const ADD = `
  insert into outbox (seq, target, body, created_at)
  values (max(:now, 1 + coalesce((select seq from sqlite_sequence where name = 'outbox'), 0)), :target, :body, :now)`;

const AFTER = `select seq, body from outbox where target = ? and seq > ? order by seq limit ${PIECE}`;

const FIND = 'select body from outbox where target = ? and seq > ? and instr(body, ?) > 0 limit 1';

/** What was given last, whether or not it is still there. */
const LAST = `select seq from sqlite_sequence where name = 'outbox'`;

const COUNT = 'select count(*) as count from outbox where target = ? and seq <= ?';

const DELETE = 'delete from outbox where target = ? and seq <= ?';

const TARGETS = 'select distinct target from outbox order by target';

const WAITING = `
  select count(*) as dispatches, min(created_at) as since from outbox where target = ? and seq > ?`;

/** One dispatch, as its row holds it. */
interface Body {
  readonly jobs: readonly NewJob[];
  readonly batch?: NewBatch;
}

/** What is committed and not relayed. */
export interface OutboxBacklog {
  readonly dispatches: number;
  /** When the oldest of them was made, in epoch milliseconds. */
  readonly since: number;
}

const HAS_OUTBOX = `select 1 from sqlite_schema where type = 'table' and name = 'outbox'`;

/** Forgets what waits in the outbox of a copied file, within the transaction of whoever calls. Harmless in a file without one. */
export function forgetOutbox(handle: Handle): void {
  if (handle.statement(HAS_OUTBOX).get() === undefined) return;
  handle.exec('delete from outbox');
}

/** The outbox in one file of data. */
export class SqliteOutboxStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Adds a dispatch within the transaction that its caller runs on the file. @returns whether the file has an outbox */
  add(target: string, jobs: readonly NewJob[], batch: NewBatch | undefined): Promise<boolean> {
    const body: Body = batch === undefined ? { jobs } : { jobs, batch };
    return this.#connection.write((handle) => {
      if (readGeneration(handle) === undefined) return false;
      handle.statement(ADD).run({ target, body: JSON.stringify(body), now: clock.now() });
      return true;
    });
  }

  /** The generation of the file, or undefined while it has no outbox. */
  generation(): Promise<string | undefined> {
    return this.#connection.read(readGeneration, { join: false });
  }

  /** What was dispatched to a target after a sequence number, in the order of the commits. */
  after(target: string, seq: number): Promise<RelayedPush[]> {
    return this.#connection.read(
      (handle) => {
        const rows = handle.statement(AFTER).all(target, seq) as { seq: number; body: string }[];
        return rows.map((row) => ({ seq: row.seq, batch: undefined, ...readBody(row.body) }));
      },
      { join: false },
    );
  }

  /** A job that is not relayed yet, by its id. */
  find(target: string, seq: number, id: string): Promise<NewJob | undefined> {
    return this.#connection.read((handle) => {
      const row = handle.statement(FIND).get(target, seq, id) as { body: string } | undefined;
      return row && readBody(row.body).jobs.find((job) => job.id === id);
    });
  }

  /** Whether numbers are missing that were relayed before: the file was put back by other means than a restore. */
  async hasGoneBack(relayed: number): Promise<boolean> {
    if (relayed === 0) return false;
    const last = await this.#connection.read(
      (handle) => handle.statement(LAST).get() as { seq: number } | undefined,
      { join: false },
    );
    return (last?.seq ?? 0) < relayed;
  }

  /** The targets that there are rows of, relayed or not. */
  targets(): Promise<string[]> {
    return this.#connection.read((handle) =>
      (handle.statement(TARGETS).all() as { target: string }[]).map(({ target }) => target),
    );
  }

  /** How much there is after a sequence number, and since when; undefined when there is nothing. */
  async waiting(target: string, seq: number): Promise<OutboxBacklog | undefined> {
    const { dispatches, since } = await this.#connection.read(
      (handle) => handle.statement(WAITING).get(target, seq) as OutboxBacklog,
    );
    return dispatches === 0 ? undefined : { dispatches, since };
  }

  /** Begins a new generation: numbers count anew. */
  async renew(): Promise<void> {
    await this.#connection.write((handle) => renewGeneration(handle));
  }

  /** How many rows were relayed, and are there still. */
  count(target: string, seq: number): Promise<number> {
    return this.#connection.read(
      (handle) => (handle.statement(COUNT).get(target, seq) as { count: number }).count,
    );
  }

  /** Deletes what was relayed. */
  async delete(target: string, seq: number): Promise<void> {
    await this.#connection.write((handle: Handle) => handle.statement(DELETE).run(target, seq));
  }
}

function readBody(text: string): Body {
  return JSON.parse(text) as Body;
}
