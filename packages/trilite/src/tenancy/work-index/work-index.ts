import { existsSync } from 'node:fs';
import type { SqliteSettings } from '../../config/schema';
import { ChangeWatch } from '../../database/change-watch';
import type { Connection } from '../../database/connection';
import { ConnectionRegistry } from '../../database/connection-registry';
import { recreateFile } from '../../database/care/recreate';
import { Migrator } from '../../database/migrations/migrator';
import { clock } from '../../support/clock';
import { errorCode } from '../../support/errors';
import { workIndexMigrations } from './schema';
import { WorkIndexStore, type FoundWork } from './work-index-store';
import type { LeaseRequest, ServedWork, WorkLease, WorkRelease } from './work-lease-store';

/** The file will not answer before it is made anew. */
const LOSSES: readonly (string | undefined)[] = ['E_DATABASE_CORRUPT', 'E_DATABASE_FILE_MISSING'];

const NAME = 'tenancy';

/** What the index is made of. */
export interface WorkIndexParts {
  /** How its file is opened. */
  readonly settings: SqliteSettings;
  /** Looks into the queue files of all tenants, for what there is to do. */
  readonly scan: () => Promise<FoundWork[]>;
}

/** A subscription; closing it twice does no harm. */
interface Subscription {
  close(): void;
}

/**
 * The work index, with the file it lies in: made at the first use, and anew when it is lost. What a lost one knew is in the queue files, and a
 * worker finds it there: see `complete`.
 */
export class WorkIndex {
  readonly #parts: WorkIndexParts;
  readonly #connections: ConnectionRegistry;
  readonly #connection: Connection;
  readonly #store: WorkIndexStore;
  readonly #listeners = new Set<() => void>();
  #opened: Promise<void> | undefined;

  constructor(parts: WorkIndexParts) {
    this.#parts = parts;
    this.#connections = new ConnectionRegistry({
      default: NAME,
      connections: { [NAME]: parts.settings },
    });
    this.#connection = this.#connections.connection();
    this.#connection.follow();
    this.#store = new WorkIndexStore(this.#connection);
  }

  /** Says that jobs are about to be stored; see `WorkIndexStore.touch`. */
  async touch(tenantId: string, queue: string, readyAt: number, weight?: number): Promise<void> {
    const isNews = await this.#using(() => this.#store.touch(tenantId, queue, readyAt, weight));
    // The watch tells of what others write
    if (isNews) for (const listener of this.#listeners) listener();
  }

  /** Sees to it that work which is there already is known of; see `WorkIndexStore.note`. */
  async note(tenantId: string, queue: string, readyAt: number): Promise<void> {
    const isNews = await this.#using(() => this.#store.note(tenantId, queue, readyAt));
    if (isNews) for (const listener of this.#listeners) listener();
  }

  /** Gives a turn; see `WorkIndexStore.lease`. */
  lease(request: LeaseRequest): Promise<WorkLease | undefined> {
    return this.#using(() => this.#store.lease(request));
  }

  /** Puts the end of a turn off. */
  renew(lease: WorkLease, leaseMs: number): Promise<boolean> {
    return this.#using(() => this.#store.renew(lease, leaseMs));
  }

  /** Ends a turn; see `WorkIndexStore.release`. */
  release(lease: WorkLease, end: WorkRelease): Promise<boolean> {
    return this.#using(() => this.#store.release(lease, end));
  }

  /** Ends the leases of owners that are gone; returns how many. */
  recover(isGone: (owner: string) => boolean): Promise<number> {
    return this.#using(() => this.#store.recover(isGone));
  }

  /** When there may be something to lease. */
  nextReadyAt(served?: ServedWork): Promise<number | undefined> {
    return this.#using(() => this.#store.nextReadyAt(served));
  }

  /** Sets how many shares of the time a tenant has. */
  setWeight(tenantId: string, weight: number): Promise<void> {
    return this.#using(() => this.#store.setWeight(tenantId, weight));
  }

  /** Forgets a tenant that is gone. */
  forget(tenantId: string): Promise<void> {
    return this.#using(() => this.#store.forget(tenantId));
  }

  /** Every row, for commands. */
  list() {
    return this.#using(() => this.#store.list());
  }

  /** Looks into the queue files of all tenants, if this index is new and nobody has since it was made. Tells whether it did. */
  async complete(): Promise<boolean> {
    if (await this.#using(() => this.#store.isComplete())) return false;
    await this.rebuild();
    return true;
  }

  /** Looks into the queue files of all tenants, and puts right what is here. @returns how many queues there is work in */
  async rebuild(): Promise<number> {
    const scannedFrom = clock.now();
    const found = await this.#parts.scan();
    await this.#using(() => this.#store.rebuild(found, scannedFrom));
    for (const listener of this.#listeners) listener();
    return found.length;
  }

  /** Calls back when anything changed, whoever did it. */
  watch(onChange: () => void): Subscription {
    const watch = new ChangeWatch(this.#connection, onChange);
    this.#listeners.add(onChange);
    return {
      close: () => {
        watch.close();
        this.#listeners.delete(onChange);
      },
    };
  }

  /** Lets go of the file until its next use, unless something is watching it. */
  rest(): void {
    this.#connections.rest();
  }

  /** Lets go of the file; twice without harm. */
  close(): Promise<void> {
    return this.#connections.close();
  }

  async #using<T>(work: () => Promise<T>): Promise<T> {
    try {
      await this.#open();
      return await work();
    } catch (error) {
      if (!LOSSES.includes(errorCode(error))) throw error;
      await this.#recreate();
      return work();
    }
  }

  /** Another process may make it at the same time: each migration runs once. */
  #open(): Promise<void> {
    this.#opened ??= this.#migrate().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #migrate(): Promise<void> {
    const plans = [{ connection: NAME, migrations: workIndexMigrations }];
    const migrator = new Migrator(this.#connections, plans);
    const isNew = !existsSync(this.#connection.file);
    if (isNew || (await migrator.pending()).length > 0) await migrator.migrate();
  }

  async #recreate(): Promise<void> {
    const { place } = this.#connection;
    const options = { migrations: workIndexMigrations, place, found: 'damaged' } as const;
    await recreateFile(this.#connection, options);
  }
}
