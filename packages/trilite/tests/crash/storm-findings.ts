import { join } from 'node:path';
import Database from 'better-sqlite3';

/** What is in the files once everybody has ended. */
export interface Findings {
  readonly orders: number;
  readonly runs: number;
  /** Committed jobs that never ran. */
  readonly lost: readonly string[];
  /** Jobs of orders that were rolled back, and ran. */
  readonly ghosts: readonly string[];
  /** Runs beyond the first of each job. */
  readonly duplicates: number;
  /** Jobs that ran more often than their crashes explain. */
  readonly unexplained: readonly string[];
  /** Jobs that are neither done nor failed. */
  readonly unended: number;
  readonly failed: number;
  readonly crashes: number;
}

/** Compares what was committed with what ran. */
export function verify(storagePath: string): Findings {
  const db = new Database(join(storagePath, 'database.sqlite'), { readonly: true });
  try {
    db.prepare('attach ? as queue').run(join(storagePath, 'queue.sqlite'));
    const list = (sql: string): string[] => db.prepare(sql).pluck().all() as string[];
    const number = (sql: string): number => db.prepare(sql).pluck().get() as number;
    return {
      orders: number('select count(*) from orders'),
      runs: number('select count(*) from effects'),
      lost: list(`
        select id from orders where id not in (select order_id from effects where kind = 'fill')
        union all
        select id from orders where is_chain = 1 and id not in (select order_id from effects where kind = 'close')`),
      ghosts: list(
        'select distinct order_id from effects where order_id not in (select id from orders)',
      ),
      duplicates: number('select count(*) - count(distinct job_id) from effects'),
      unexplained: list(`
        select job_id from effects left join queue.jobs on jobs.id = job_id
        group by job_id having count(*) > 1 + coalesce(max(crashes), 0)
        union all
        select order_id from effects group by order_id, kind having count(distinct job_id) > 1`),
      unended: number("select count(*) from queue.jobs where state not in ('done')"),
      failed: number('select count(*) from queue.failed_jobs'),
      crashes: number('select coalesce(sum(crashes), 0) from queue.jobs'),
    };
  } finally {
    db.close();
  }
}
