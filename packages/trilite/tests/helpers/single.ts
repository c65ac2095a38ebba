import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
// Loaded for the guard, which fails a test that leaves a connection open
import 'trilite/testing';
import type { Kysely } from 'kysely';
import { Database } from '../../src/database/database';
import { databaseSchema } from '../../src/config/schema';
import { ConnectionRegistry } from '../../src/database/connection-registry';
import type { Migration } from '../../src/database/migrations/migration';
import { Migrator } from '../../src/database/migrations/migrator';
import { CENTRAL, runInScope } from '../../src/support/scope-holder';
import { tenantOfWork } from '../../src/tenancy/scope-guard';

/** One file that holds the rows of all tenants. */
export let connections: ConnectionRegistry;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tables of a test's own
export let db: Kysely<any> & Pick<Database, 'offload'>;
export let file: string;

/** Gives every test of a file such a file, migrated. */
export function useSingleDatabase(migration: Migration): void {
  beforeEach(async () => {
    file = join(mkdtempSync(join(tmpdir(), 'trilite-single-')), 'test.sqlite');
    connections = openShared(file);
    db = new Database(connections);
    await migrate('0001', migration);
  });

  afterEach(async () => {
    await connections.close();
    rmSync(dirname(file), { recursive: true, force: true });
  });
}

export function openShared(path: string): ConnectionRegistry {
  return new ConnectionRegistry(
    databaseSchema.parse({
      default: 'default',
      connections: { default: { driver: 'sqlite', file: path } },
    }),
    { connectionOptions: () => ({ currentTenant: tenantOfWork }) },
  );
}

export function migratorOf(name: string, migration: Migration): Migrator {
  const migrations = [{ name, load: () => migration }];
  return new Migrator(connections, [{ connection: 'default', migrations }]);
}

export function migrate(name: string, migration: Migration): Promise<void> {
  return migratorOf(name, migration).migrate();
}

/** Runs work for a tenant. */
export function as<T>(tenantId: string, work: () => T): T {
  return runInScope({ kind: 'tenant', tenantId }, work);
}

/** Runs work for the application itself. */
export function asCentral<T>(work: () => T): T {
  return runInScope(CENTRAL, work);
}
