import type { SchemaTable } from '../../database/care/schema-facts';
import type { Handle } from '../../database/connection-handle';
import { tenantCatalogue } from '../../database/scoping/tenant-tables';

/** A row as it was read. */
export type Row = Readonly<Record<string, unknown>>;

/** The id of the tenant whose a row is, '' for the application's; undefined for what is nobody's, such as counts of all. */
export type OwnerOfRow = (row: Row) => string | undefined;

/** Who says of each table of a file whose its rows are; undefined for a table that is left out. */
export type OwnersOfTables = (handle: Handle) => (table: SchemaTable) => OwnerOfRow | undefined;

/** In a file that belongs to one alone. */
export const oneOwner: OwnersOfTables = () => () => () => '';

/** Tables of the framework with counts of all, and with what is on its way to a queue, where it is looked at. */
const OF_NOBODY = new Set(['file_generation', 'outbox', 'relayed', 'job_counts', 'cache_counts']);

/** What keys of tenants begin with. */
const KEY = /^tenant:([a-z0-9-]+):/;

const JOB_OWNERS = `
  select id, tenant_id as owner from jobs where tenant_id is not null
  union all select id, tenant_id from failed_jobs where tenant_id is not null`;

/** In a file that tenants share: a row says whose it is by "tenant_id", by its key, or by the job that it tells of. */
export const ownersInShared: OwnersOfTables = (handle) => {
  const { guarded, framework } = tenantCatalogue(handle);
  const owners = new Map<unknown, string>();
  if (framework.has('jobs')) {
    const rows = handle.statement(JOB_OWNERS).all() as { id: string; owner: string }[];
    for (const { id, owner } of rows) owners.set(id, owner);
  }
  const ofFramework: OwnerOfRow = ({ tenant_id: id, key, tag, name, job_id: job }) => {
    if (typeof id === 'string') return id;
    const words = KEY.exec(String(key ?? tag ?? name));
    return words?.[1] ?? owners.get(job) ?? '';
  };
  return ({ name, type }) => {
    // A full-text index of tenants: the rows it tells of are looked at where they are
    if (type === 'shadow' && guarded.has(name.toLowerCase())) return undefined;
    if (OF_NOBODY.has(name) && framework.has(name)) return undefined;
    return framework.has(name)
      ? ofFramework
      : ({ tenant_id: id }) => (typeof id === 'string' ? id : '');
  };
};
