import type { Handle } from '../../database/connection-handle';
import { clock } from '../../support/clock';
import { forgetHistory } from './sqlite-end-store';

/** Jobs forgotten in one transaction, so that nobody waits long for the writer. */
const PIECE = 500;

const PRUNED = `
  delete from jobs where id in (
    select id from jobs where state in ('done', 'cancelled') and finished_at < ? order by finished_at limit ${PIECE})
  returning id`;

const PRUNE_BATCHES = `
  delete from job_batches where id in (select id from job_batches where finished_at < ?
      and (failed = 0 or not exists (select 1 from failed_jobs where batch_id = job_batches.id)) limit ${PIECE})`;

const PRUNE_KEYS = 'delete from job_keys where expires_at < :now';

/** A look costs others nothing, and a worker for many files looks more often than there is something. */
const ANY_TO_PRUNE = `
  select exists (select 1 from jobs where state in ('done', 'cancelled') and finished_at < :endedBefore)
    or exists (select 1 from job_batches where finished_at < :endedBefore)
    or exists (select 1 from job_keys where expires_at < :now) as isAny`;

/** Whether `pruneSome` would find something. */
export function hasToPrune(handle: Handle, endedBefore: number): boolean {
  const facts = { endedBefore, now: clock.now() };
  const { isAny } = handle.statement(ANY_TO_PRUNE).get(facts) as { readonly isAny: number };
  return isAny === 1;
}

/** Forgets jobs and batches that ended before a moment, and keys that are over: a piece at a time. @returns how many jobs */
export function pruneSome(handle: Handle, endedBefore: number): number {
  const pruned = handle.statement(PRUNED).all(endedBefore) as { readonly id: string }[];
  for (const { id } of pruned) forgetHistory(handle, id);
  handle.statement(PRUNE_BATCHES).run(endedBefore);
  handle.statement(PRUNE_KEYS).run({ now: clock.now() });
  return pruned.length;
}
