import type { Handle } from '../database/connection-handle';
import type { TenantRole } from '../config/tenant-connections';
import { TenantFileWrongError } from './errors';
import type { TenantId } from './tenant-id';

/*
 * Whose a file is, written in the file: a backup that is put back in the wrong place, two files that were swapped, or a configuration that
 * points elsewhere is told when the file is opened, before a row of it is read.
 */

const HAS_TABLE = `select 1 from sqlite_schema where type = 'table' and name = 'tenant_stamp'`;
const READ = 'select tenant_id as tenantId, role from tenant_stamp where one = 1';
const WRITE = `
  insert into tenant_stamp (one, tenant_id, role) values (1, ?, ?)
  on conflict (one) do update set tenant_id = excluded.tenant_id, role = excluded.role`;

/** Whose a file is, and what for. */
export interface TenantStamp {
  readonly tenantId: string;
  readonly role: string;
}

/** The stamp of a file; undefined for one that has none. */
export function readStamp(handle: Handle): TenantStamp | undefined {
  if (handle.statement(HAS_TABLE).get() === undefined) return undefined;
  return handle.statement(READ).get() as TenantStamp | undefined;
}

/** Makes a file that has the table this tenant's. */
export function writeStamp(handle: Handle, tenantId: TenantId, role: TenantRole): void {
  handle.statement(WRITE).run(tenantId, role);
}

/**
 * Refuses a file that is another tenant's, of another role, or nobody's.
 *
 * @throws E_TENANT_FILE_WRONG
 */
export function refuseWrongStamp(
  handle: Handle,
  expected: { readonly file: string; readonly tenantId: TenantId; readonly role: TenantRole },
): void {
  const stamp = readStamp(handle);
  if (!isOf(stamp, expected)) throw TenantFileWrongError.at(expected, stamp);
}

/**
 * Refuses a backup that is to take the place of a file of another one than it is of.
 *
 * @param owner whose file it is to be; undefined for one of the application's own
 * @throws E_TENANT_FILE_WRONG
 */
export function refuseForeignBackup(
  handle: Handle,
  backup: string,
  owner: TenantStamp | undefined,
): void {
  const stamp = readStamp(handle);
  if (isOf(stamp, owner)) return;
  throw TenantFileWrongError.backup(backup, stamp, owner);
}

function isOf(stamp: TenantStamp | undefined, owner: TenantStamp | undefined): boolean {
  return stamp?.tenantId === owner?.tenantId && stamp?.role === owner?.role;
}
