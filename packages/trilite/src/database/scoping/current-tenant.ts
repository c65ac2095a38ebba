import { ContextVariable } from '../../support/context-variable';

/*
 * Tables that hold the rows of all tenants ask SQLite whose work it is: by a function that every handle of the connection has. Views show the
 * rows of that tenant alone, and triggers refuse to write those of any other. A handle without the function can do neither.
 *
 *   posts_all  the table, with the column tenant_id           named by migrations alone
 *   posts      a view of the rows of current_tenant()         what the application reads, and what its writes are meant for
 */

/** The SQL function that says whose work it is. */
export const CURRENT_TENANT = 'current_tenant';

/** Says whose rows the current work may see: the id of a tenant. Throws when it is no tenant's work. */
export type CurrentTenant = () => string;

const migrating = new ContextVariable<true>();

/** Runs what changes tables, and the rows of all tenants in them: nobody's rows are seen by it, and nobody's are refused. */
export function runAsMigration<T>(work: () => T): T {
  return migrating.run(true, work);
}

/** Whether the current work is that of a migration. */
export function isMigrating(): boolean {
  return migrating.get() === true;
}
