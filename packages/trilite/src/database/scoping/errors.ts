import { FrameworkError, messageOf, toError } from '../../support/errors';

/** Thrown when a row of one tenant would be written in the work of another, or become another's. */
export class TenantRowError extends FrameworkError {
  static of(table: string, cause: unknown): TenantRowError {
    return new TenantRowError({
      code: 'E_TENANT_ROW',
      message: `A row of the table "${table}" belongs to another tenant than the one whose work this is.`,
      help: 'Leave "tenant_id" to the default, and ids to the database. Work of another tenant goes into "tenancy.run".',
      cause,
    });
  }
}

/** Thrown when SQL names the table in which the rows of all tenants lie. */
export class TenantSqlError extends FrameworkError {
  static naming(base: string): TenantSqlError {
    return new TenantSqlError({
      code: 'E_TENANT_SQL',
      message: `"${base}" holds the rows of all tenants: only migrations may name it.`,
      help: `Leave "_all" away: the same name without it is the table of the tenant whose work it is. For each tenant in turn, use "tenancy.each".`,
    });
  }

  static ofFramework(table: string): TenantSqlError {
    return new TenantSqlError({
      code: 'E_TENANT_SQL',
      message: `"${table}" is a table of the framework, with what is that of all tenants: the work of one may not name it.`,
      help: 'Ask the class that is for it: "Tenancy", "QueueDispatcher", "CacheRepository", "Locks". What is the application\'s own affair goes into "tenancy.central".',
    });
  }

  static care(word: string): TenantSqlError {
    return new TenantSqlError({
      code: 'E_TENANT_SQL',
      message: `"${word.toUpperCase()}" in the work of a tenant would reach the file of all tenants, or the handle that all use.`,
      help: 'Set pragmas in config/database.ts; care for files inside "tenancy.central". What tables are like is told by functions such as "pragma_table_info".',
    });
  }

  static schema(word: string): TenantSqlError {
    return new TenantSqlError({
      code: 'E_TENANT_SQL',
      message: `"${word.toUpperCase()}" outside of a migration would change the tables of all tenants.`,
      help: 'Change tables in a migration.',
    });
  }
}

/** Thrown when the work of a tenant asks for a connection whose file holds what is others' as well. */
export class ConnectionSharedError extends FrameworkError {
  static named(name: string): ConnectionSharedError {
    return new ConnectionSharedError({
      code: 'E_CONNECTION_SHARED',
      message: `The connection "${name}" was asked for in the work of a tenant, and its file holds what is that of all.`,
      help: 'Ask "Database", "CacheRegistry" and "QueueRegistry" for what is the tenant\'s; care for files inside "tenancy.central".',
    });
  }
}

/** Thrown when a table of tenants cannot be what a migration wants of it. */
export class TenantTableError extends FrameworkError {
  static cannot(table: string, problem: string, help: string): TenantTableError {
    return new TenantTableError({
      code: 'E_TENANT_TABLE',
      message: `The table "${table}" of tenants cannot ${problem}.`,
      help,
    });
  }

  static viewFails(table: string, view: string, cause: unknown): TenantTableError {
    return new TenantTableError({
      code: 'E_TENANT_TABLE',
      message: `The view "${view}" does not fit the table "${table}" as it is altered: ${messageOf(toError(cause))}`,
      help: 'Drop it before, and create its new form after that.',
      cause,
    });
  }

  static showingAll(view: string, base: string): TenantTableError {
    return new TenantTableError({
      code: 'E_TENANT_TABLE',
      message: `The view "${view}" names "${base}", and would show the rows of all tenants to each of them.`,
      help: 'Leave "_all" away in it: the same name without it shows the rows of the tenant whose work it is.',
    });
  }

  static forAll(table: string): TenantTableError {
    return new TenantTableError({
      code: 'E_TENANT_TABLE',
      message: `A migration of tenants made the table "${table}" by "createTable": where tenants share a file, it would be one for all of them.`,
      help: 'Make it with "createTenantTable"; or say that it is meant to be shared, with "forAll" of the migration.',
    });
  }

  static sharedIndex(table: string, index: string): TenantTableError {
    return new TenantTableError({
      code: 'E_TENANT_TABLE',
      message: `The unique index "${index}" of the table "${table}" does not begin with "tenant_id": what one tenant has, no other could have.`,
      help: 'Make it with "createTenantIndex" in a migration, which puts "tenant_id" first.',
    });
  }
}

/** What the triggers of a table say, and how that is told from what other triggers say. */
export const refusalOf = (table: string): string => `${REFUSAL}${table}`;

/** The table whose trigger said so; undefined when another one did. */
export function refusedTable(message: string): string | undefined {
  return message.startsWith(REFUSAL) ? message.slice(REFUSAL.length) : undefined;
}

const REFUSAL = 'trilite: a row of another tenant: ';
