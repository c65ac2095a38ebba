import type { Handle } from '../../database/connection-handle';
import { tenantKeyPrefix } from '../new-job';
import { forgetHistory } from './sqlite-end-store';

/** Jobs forgotten in one transaction, so that nobody waits long for the writer. */
const PIECE = 500;

const someOf = (table: string): string => `
  delete from ${table} where rowid in (select rowid from ${table} where tenant_id = ? limit ${PIECE}) returning id`;

const SOME_JOBS = [someOf('jobs'), someOf('failed_jobs')];

/** Few, beside jobs: what is left when these are gone. */
const BATCHES = 'delete from job_batches where tenant_id = ?';

const KEYS = 'delete from job_keys where substr(key, 1, length(:prefix)) = :prefix';

/** Forgets some of what a tenant has in a queue, within the transaction of whoever calls. @returns how many jobs; 0 when nothing is left */
export function forgetSomeOfTenant(handle: Handle, tenantId: string): number {
  const ids = SOME_JOBS.flatMap(
    (text) => handle.statement(text).all(tenantId) as { readonly id: string }[],
  );
  for (const { id } of ids) forgetHistory(handle, id);
  if (ids.length > 0) return ids.length;
  handle.statement(BATCHES).run(tenantId);
  handle.statement(KEYS).run({ prefix: tenantKeyPrefix(tenantId) });
  return 0;
}
