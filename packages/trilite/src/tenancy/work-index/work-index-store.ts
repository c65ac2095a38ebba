import type { Connection } from '../../database/connection';
import type { Handle } from '../../database/connection-handle';
import { requireWholeNumber } from '../../support/argument';
import { clock } from '../../support/clock';
import {
  endLeasesOf,
  leaseWork,
  nextWorkAt,
  ownersOfLeases,
  releaseWork,
  renewWork,
  type LeaseRequest,
  type ServedWork,
  type WorkLease,
  type WorkRelease,
} from './work-lease-store';

/** How long after a touch its job is in the queue file at the latest. */
const GRACE_MS = 6000;

/** How young a touch is that does for another one. Far less than the grace: what relies on it still has most of that. */
const FRESH_MS = 250;

/** Rows that a rebuild writes in one go. */
const PIECE = 500;

/** The `user_version` of a file that holds what all queue files do. */
const COMPLETE = 1;

/** How the index judges. */
export interface WorkIndexOptions {
  /**
   * Milliseconds after a touch during which an empty queue is not believed: a dispatch inserts its job within them, or touches again.
   * Default: 6000.
   */
  readonly graceMs?: number;
}

/** Work that a scan of a queue file found. */
export interface FoundWork {
  readonly tenantId: string;
  readonly queue: string;
  /** When the first of its jobs is due, or its claim ends, in epoch milliseconds. */
  readonly readyAt: number;
  /** The tenant's weight. Default: what the row has, else 1. */
  readonly weight?: number | undefined;
}

/** A row of the index. Times are epoch milliseconds. */
export interface WorkRow {
  readonly tenantId: string;
  readonly queue: string;
  readonly readyAt: number;
  readonly touchedAt: number;
  /** How often something happened to it. */
  readonly seq: number;
  /** Reads since the last touch that found nothing, and came too early to be believed. */
  readonly earlyReads: number;
  /** Milliseconds of turns, divided by the weight. */
  readonly vtime: number;
  readonly weight: number;
  /** Leases that are given. */
  readonly running: number;
}

/** Nothing to do when another touch does for it: see `touch`. The touch of a future job may rely on any row that is ready before it. */
const IS_TOUCHED = `
  select 1 from tenant_work as work
  where tenant_id = :tenantId and queue = :queue
    and ready_at <= max(:readyAt, :now) and touched_at > :now - ${FRESH_MS} and touched_at <= :now
    and not exists (
      select 1 from tenant_work_leases as lease
      where lease.tenant_id = work.tenant_id and lease.queue = work.queue and lease.lease_seq = work.seq)`;

/** A row that stays until somebody has looked, and nobody is about to have: what is in the queue by now is found then. */
const IS_KNOWN = `
  select 1 from tenant_work as work
  where tenant_id = :tenantId and queue = :queue and ready_at <= max(:readyAt, :now)
    and not exists (
      select 1 from tenant_work_leases as lease
      where lease.tenant_id = work.tenant_id and lease.queue = work.queue)`;

const touchAs = (touchedAt: string): string => `
  insert into tenant_work (tenant_id, queue, ready_at, touched_at, vtime, weight)
  values (:tenantId, :queue, :readyAt, :touchedAt,
    coalesce((select max(vtime) from tenant_work where tenant_id = :tenantId), 0),
    coalesce(:weight, (select weight from tenant_work where tenant_id = :tenantId limit 1), 1))
  on conflict (tenant_id, queue) do update set
    ready_at = min(ready_at, excluded.ready_at), touched_at = ${touchedAt}, seq = seq + 1, early_reads = 0,
    weight = coalesce(:weight, weight)`;

/** Not the later of the two: a clock that was put back would leave the row young for as long. */
const TOUCH = touchAs('excluded.touched_at');

/** What a scan found may be touched at this moment. */
const FOUND = touchAs('max(touched_at, excluded.touched_at)');

const SET_WEIGHT = 'update tenant_work set weight = :weight where tenant_id = :tenantId';

const FORGET = 'delete from tenant_work where tenant_id = ?';
const FORGET_LEASES = 'delete from tenant_work_leases where tenant_id = ?';

/** A row to which something happened since the scan began, or may have, stays. */
const DROP = `
  delete from tenant_work as work
  where tenant_id = :tenantId and queue = :queue and seq = :seq and touched_at < :before
    and not exists (
      select 1 from tenant_work_leases as lease
      where lease.tenant_id = work.tenant_id and lease.queue = work.queue)`;

const LIST = `
  select tenant_id as tenantId, queue, ready_at as readyAt, touched_at as touchedAt, seq, early_reads as earlyReads, vtime, weight,
    (select count(*) from tenant_work_leases as lease
     where lease.tenant_id = work.tenant_id and lease.queue = work.queue) as running
  from tenant_work as work order by tenant_id, queue`;

/**
 * Which tenants have work: a hint for each queue of a tenant that has jobs, in one file for all tenants.
 *
 * The protocol, without which jobs are lost from sight. A dispatch touches, inserts its job, and touches again; a worker leases, drains, and
 * releases with what its last read found.
 *
 * Guarantees:
 * 1. A job has a hint, whoever is killed when, provided that each insert is committed within `graceMs` of its first touch. (A dispatch that
 *    took longer is found by its second touch; one that took longer and was killed before it, by the next scan.)
 * 2. A hint need not have a job: whoever reads finds nothing, and the hint goes.
 * 3. Each method is atomic across processes that share the file.
 * 4. Turns are given by virtual time: a tenant of weight 2 has twice the time of one of weight 1, and who always has work keeps nobody waiting.
 *
 * The file needs no `synchronous`: what a power cut takes is found again by `rebuild`.
 */
export class WorkIndexStore {
  readonly #connection: Connection;
  readonly #graceMs: number;

  constructor(connection: Connection, { graceMs = GRACE_MS }: WorkIndexOptions = {}) {
    requireWholeNumber('graceMs', graceMs, 2 * FRESH_MS);
    this.#connection = connection;
    this.#graceMs = graceMs;
  }

  /**
   * Hints that a job is about to be inserted (first touch), or was (second: it undoes what an early read put off). Nothing is written when the
   * row is ready by then, was touched less than 250 ms ago, and no lease could still believe an empty read: a flood writes little.
   *
   * @param readyAt when the job is due, in epoch milliseconds
   * @param weight the tenant's weight, more than 0. Default: what it has, else 1
   * @returns whether something was written
   */
  async touch(tenantId: string, queue: string, readyAt: number, weight?: number): Promise<boolean> {
    requireWholeNumber('readyAt', readyAt, 0);
    if (weight !== undefined) requireWeight(weight);
    const values = { tenantId, queue, readyAt };
    // Read first: that waits for no lock. What comes after the read finds a fresh touch either way.
    if (await this.#connection.read((handle) => isTouched(handle, values))) return false;
    return this.#connection.write((handle) => {
      if (isTouched(handle, values)) return false; // by who asked in the same tick
      const touchedAt = clock.now();
      handle.statement(TOUCH).run({ ...values, touchedAt, weight: weight ?? null });
      return true;
    });
  }

  /** Sees to it that work which is in the queue already has a hint. @returns whether something was written */
  async note(tenantId: string, queue: string, readyAt: number): Promise<boolean> {
    const isKnown = await this.#connection.read((handle) => {
      const values = { tenantId, queue, readyAt, now: clock.now() };
      return handle.statement(IS_KNOWN).get(values) !== undefined;
    });
    return isKnown ? false : this.touch(tenantId, queue, readyAt);
  }

  /** Gives a turn to whoever is due and had the least; undefined when nobody is, or all of them have their `maxPerTenant`. */
  async lease(request: LeaseRequest): Promise<WorkLease | undefined> {
    requireWholeNumber('leaseMs', request.leaseMs, 1);
    requireWholeNumber('maxPerTenant', request.maxPerTenant ?? 1, 1);
    return this.#connection.write((handle) => leaseWork(handle, request), { several: true });
  }

  /** Puts the end of a lease off, to so many milliseconds from now; false when it was lost. */
  async renew(lease: WorkLease, leaseMs: number): Promise<boolean> {
    requireWholeNumber('leaseMs', leaseMs, 1);
    return this.#connection.write((handle) => renewWork(handle, lease, leaseMs));
  }

  /**
   * Ends a turn. The row goes when the queue was empty, nothing happened to it since the lease was given, and its last touch was older than the
   * grace at the moment of the read. A read that came too early puts it off by 1, 2, 4 … milliseconds, up to the end of the grace.
   *
   * @returns false when the lease was lost: nothing is changed. Who has left due jobs behind touches then
   */
  async release(lease: WorkLease, end: WorkRelease): Promise<boolean> {
    if (!Number.isFinite(end.elapsedMs)) {
      throw new RangeError(`Expected \`elapsedMs\` to be a number, got \`${end.elapsedMs}\`.`);
    }
    const graceMs = this.#graceMs;
    return this.#connection.write((handle) => releaseWork(handle, { lease, end, graceMs }), {
      several: true,
    });
  }

  /**
   * Ends the leases of owners that are gone, without waiting for their end: their tenants are due.
   *
   * @param isGone tells whether the owner of a lease is dead for sure, as `isOwnerGone` does
   * @returns how many leases ended, those that ran out among them
   */
  async recover(isGone: (owner: string) => boolean): Promise<number> {
    const owners = await this.#connection.read(ownersOfLeases);
    const gone = owners.filter(isGone);
    if (gone.length === 0) return 0;
    return this.#connection.write((handle) => endLeasesOf(handle, gone), { several: true });
  }

  /**
   * When there may be something to lease, in epoch milliseconds; now or before means: at once. Undefined when nothing is known of. Touches and
   * releases change it: who sleeps until then watches the file as well.
   */
  nextReadyAt(served: ServedWork = {}): Promise<number | undefined> {
    return this.#connection.read((handle) => nextWorkAt(handle, served));
  }

  /** Sets the weight of all rows of a tenant: how many shares of the time it has. Rows to come need it from `touch`. */
  async setWeight(tenantId: string, weight: number): Promise<void> {
    requireWeight(weight);
    await this.#connection.write((handle) =>
      handle.statement(SET_WEIGHT).run({ tenantId, weight }),
    );
  }

  /** Forgets a tenant that is deleted, its leases with it. */
  async forget(tenantId: string): Promise<void> {
    await this.#connection.write(
      (handle) => {
        handle.statement(FORGET_LEASES).run(tenantId);
        handle.statement(FORGET).run(tenantId);
      },
      { several: true },
    );
  }

  /**
   * Puts what a scan of all queue files found in the place of what is here. What was touched while it was scanned, or shortly before, stays, as
   * does what is leased; nothing is put off.
   *
   * @param scannedFrom epoch milliseconds just before the scan began
   */
  async rebuild(found: readonly FoundWork[], scannedFrom: number): Promise<void> {
    const known = await this.list();
    const before = scannedFrom - this.#graceMs;
    const keys = new Set(found.map(keyOf));
    const gone = known.filter((row) => !keys.has(keyOf(row)));
    await this.#inPieces(found, (handle, { tenantId, queue, readyAt, weight }) => {
      const values = { tenantId, queue, readyAt, touchedAt: before, weight: weight ?? null };
      handle.statement(FOUND).run(values);
    });
    await this.#inPieces(gone, (handle, { tenantId, queue, seq }) => {
      handle.statement(DROP).run({ tenantId, queue, seq, before });
    });
    await this.#connection.write((handle) => handle.exec(`pragma user_version = ${COMPLETE}`), {
      several: true,
    });
  }

  /** Whether all queue files were looked into since this file was made. */
  isComplete(): Promise<boolean> {
    return this.#connection.read((handle) => handle.pragma('user_version') === COMPLETE);
  }

  /** Every row, by tenant and queue. For commands. */
  list(): Promise<WorkRow[]> {
    return this.#connection.read((handle) => handle.statement(LIST).all() as WorkRow[]);
  }

  /** A write for every so many: others have their turn between them. */
  async #inPieces<T>(all: readonly T[], write: (handle: Handle, one: T) => void): Promise<void> {
    for (let from = 0; from < all.length; from += PIECE) {
      const piece = all.slice(from, from + PIECE);
      await this.#connection.write((handle) => piece.forEach((one) => write(handle, one)), {
        several: true,
      });
    }
  }
}

function isTouched(handle: Handle, { tenantId, queue, readyAt }: FoundWork): boolean {
  const values = { tenantId, queue, readyAt, now: clock.now() };
  return handle.statement(IS_TOUCHED).get(values) !== undefined;
}

function keyOf({ tenantId, queue }: Pick<FoundWork, 'tenantId' | 'queue'>): string {
  return JSON.stringify([tenantId, queue]);
}

function requireWeight(weight: number): void {
  if (Number.isFinite(weight) && weight > 0) return;
  throw new RangeError(`Expected \`weight\` to be a number above 0, got \`${weight}\`.`);
}
