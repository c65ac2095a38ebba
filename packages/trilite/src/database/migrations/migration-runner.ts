import type { Kysely } from 'kysely';
import type { Database } from '../database';
import { runAsMigration } from '../scoping/current-tenant';
import type { Tables } from '../tables';
import {
  continueBackfill,
  forgetBackfill,
  openBackfills,
  startBackfill,
  type BackfillProgress,
} from './backfill';
import { MigrationError } from './errors';
import { refuseNewOrphans } from './foreign-key-check';

import { createLedger, forgetRun, ledgerRows, recordRun } from './migration-ledger';
import type { Migration, NamedMigration } from './migration';

/*
 * States of a migration on a file:
 *
 *   pending ──up and its ledger row, one transaction──▶ ran
 *   pending ──up, its ledger row and a note, one transaction──▶ to be filled ──batch──▶ … ──last batch──▶ ran
 *   ran ──down and the row's end, one transaction──▶ pending
 *
 * That transaction is the lock, too: of two processes that migrate at once, the second finds the row there and passes on.
 */

export type Direction = 'up' | 'down';

/** What a migration would do. */
export interface PretendedMigration {
  readonly connection: string;
  readonly name: string;
  readonly sql: readonly string[];
}

/** Thrown to end a transaction that was only to be looked at. */
class PretenceEnd extends Error {}

/** Runs migrations on one file, one by one. */
export class MigrationRunner {
  readonly #connection: string;
  readonly #db: Database;
  readonly #verify: (() => Promise<void>) | undefined;

  /** @param verify looks at the schema before the end of the transaction that changed it; throws when it may not be so */
  constructor(connection: string, db: Database, verify?: () => Promise<void>) {
    this.#connection = connection;
    this.#db = db;
    this.#verify = verify;
  }

  /** Runs it, unless it has run. @returns whether this process did it */
  up(named: NamedMigration, batch: number): Promise<boolean> {
    return this.#change(named, async (trx, migration) => {
      if (await hasRun(trx, named.name)) return false;
      await migration.up(trx);
      await recordRun(trx, named.name, batch);
      if (migration.backfill !== undefined) await startBackfill(trx, named.name);
      return true;
    });
  }

  /** Takes it back, unless somebody has. @returns whether this process did it */
  down(named: NamedMigration): Promise<boolean> {
    return this.#change(named, async (trx, migration) => {
      if (!(await hasRun(trx, named.name))) return false;
      await migration.down?.(trx);
      await forgetBackfill(trx, named.name);
      await forgetRun(trx, named.name);
      return true;
    });
  }

  /** Fills its table, where it has one to fill and that is not done; goes on where it stopped. */
  async fill({ name, load }: NamedMigration, onProgress?: BackfillProgress): Promise<void> {
    if (!(await openBackfills(this.#db)).includes(name)) return;
    try {
      const spec = load().backfill;
      if (spec === undefined) throw MigrationError.backfillGone();
      await runAsMigration(() => continueBackfill(this.#db, { ...spec, name }, onProgress));
    } catch (error) {
      throw MigrationError.backfillFailed({ name, connection: this.#connection }, error);
    }
  }

  /** Runs all of them in one transaction, writes down their SQL, and rolls back. */
  async pretend(
    migrations: readonly NamedMigration[],
    direction: Direction,
  ): Promise<PretendedMigration[]> {
    const pretended: PretendedMigration[] = [];
    const work = async (trx: Kysely<Tables>): Promise<never> => {
      await runAsMigration(() => createLedger(trx));
      for (const { name, load } of migrations) {
        const sql = await this.#recorded(() => this.#step(name, () => load()[direction]?.(trx)));
        pretended.push({ connection: this.#connection, name, sql });
      }
      throw new PretenceEnd();
    };
    try {
      await this.#db.transaction(work, { foreignKeys: false });
    } catch (error) {
      if (!(error instanceof PretenceEnd)) throw error;
    }
    return pretended;
  }

  /** Runs a change and its ledger row in one transaction: foreign keys off, and looked at before its end. */
  #change(
    { name, load }: NamedMigration,
    work: (trx: Kysely<Tables>, migration: Migration) => Promise<boolean>,
  ): Promise<boolean> {
    return this.#step(name, async () => {
      const migration = load();
      const { foreignKeys = false } = migration;
      const change = async (trx: Kysely<Tables>): Promise<boolean> => {
        let isDone = false;
        const sql = await this.#recorded(async () => void (isDone = await work(trx, migration)));
        await this.#verify?.();
        if (!foreignKeys && sql.some(canOrphan)) await refuseNewOrphans(trx, this.#db);
        return isDone;
      };
      return this.#db.transaction(change, { foreignKeys });
    });
  }

  async #step<T>(name: string, work: () => Promise<T> | T): Promise<T> {
    try {
      return await runAsMigration(work);
    } catch (error) {
      throw MigrationError.failed({ name, connection: this.#connection }, error);
    }
  }

  /** The SQL that ran on this connection meanwhile. */
  async #recorded(work: () => Promise<void> | undefined): Promise<string[]> {
    const texts: string[] = [];
    const stop = this.#db.listen(({ sql }) => texts.push(sql));
    try {
      await work();
      return texts;
    } finally {
      stop();
    }
  }
}

async function hasRun(db: Kysely<Tables>, name: string): Promise<boolean> {
  return (await ledgerRows(db)).some((row) => row.name === name);
}

/** What the runner itself writes. */
const OWN = /^(insert( or ignore)? into|delete from|update) (migrations|backfills) /;

/** Whether a statement can leave rows without their parent: the whole file is looked through for them, which takes its time. */
function canOrphan(sql: string): boolean {
  if (OWN.test(sql.trimStart())) return false;
  return /\b(drop\s+table|delete|update|insert|replace|rename|references)\b/i.test(sql);
}
