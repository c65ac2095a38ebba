import type { Handle } from '../connection-handle';

/*
 * Tables of the framework that lie beside those of tenants, where all share a file. What is in them is that of all tenants: the work of one asks
 * for it through the classes that are made for it, which know whose it is.
 */

/** What each part of the framework makes, by the name of the part in the ledger of migrations. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  database: ['file_generation'],
  sessions: ['sessions'],
  outbox: ['outbox'],
  tenancy: ['tenants', 'tenant_domains', 'tenant_migration_runs', 'tenant_migration_results'],
  queue: [
    'jobs',
    'failed_jobs',
    'job_attempts',
    'job_batches',
    'job_counts',
    'job_keys',
    'job_lines',
    'queue_signals',
    'relayed',
  ],
  cache: ['cache_entries', 'cache_tags', 'cache_claims', 'cache_counts'],
  locks: ['locks', 'rate_limits'],
  schedule: ['schedule_runs', 'schedule_tasks', 'schedule_pauses'],
};

/** Of every file: what has run on it, and what SQLite itself remembers of the rows of all. */
const ALWAYS = [
  'migrations',
  'backfills',
  'sqlite_sequence',
  'sqlite_stat1',
  'sqlite_stat4',
  'dbstat',
];

const HAS_LEDGER = `select 1 from sqlite_schema where type = 'table' and name = 'migrations'`;

/** "trilite/queue/0001_create_jobs" is of the part "queue". */
const PARTS = `
  select distinct substr(name, 9, instr(substr(name, 9), '/') - 1) from migrations where name like 'trilite/%'`;

/** Those that a file has, in lower case: a table of the application's own may be called as one that lies in another file. */
export function frameworkTables(handle: Handle): Set<string> {
  if (handle.statement(HAS_LEDGER).get() === undefined) return new Set(ALWAYS);
  const parts = handle.statement(PARTS).pluck().all() as string[];
  return new Set([...ALWAYS, ...parts.flatMap((part) => TABLES[part] ?? [])]);
}
