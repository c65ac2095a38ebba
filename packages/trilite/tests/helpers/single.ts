import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// Loaded for the guard, which fails a test that leaves a connection open
import 'trilite/testing';
import type { Kysely } from 'kysely';
import { Database } from '../../src/database/database';
import { databaseSchema } from '../../src/config/schema';
import { ConnectionRegistry } from '../../src/database/connection-registry';
import type { Migration } from '../../src/database/migrations/migration';
import { Migrator } from '../../src/database/migrations/migrator';
import { nextTurn } from '../../src/support/clock';
import { CENTRAL, runInScope } from '../../src/support/scope-holder';
import { tenantOfWork } from '../../src/tenancy/scope-guard';

/** One file that holds the rows of all tenants. */
export let connections: ConnectionRegistry;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tables of a test's own
export let db: Kysely<any> & Pick<Database, 'offload'>;
export let file: string;

/** Gives every test of a file such a file, migrated, and with what else is made in it once. */
export function useSingleDatabase(
  migration: Migration,
  prepare: () => Promise<void> = async () => undefined,
): void {
  let root: string;
  let prepared: string;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'trilite-single-'));
    prepared = join(root, 'prepared.sqlite');
    open(prepared);
    await migrate('0001', migration);
    await prepare();
    // One file then, without the statistics that a close renews
    while (!connections.connection().rest()) await nextTurn();
    await connections.close();
  });

  beforeEach(() => {
    file = join(mkdtempSync(join(root, 'test-')), 'test.sqlite');
    copyFileSync(prepared, file);
    open(file);
  });

  afterEach(() => connections.close());

  afterAll(() => rmSync(root, { recursive: true, force: true }));
}

function open(path: string): void {
  connections = openShared(path);
  db = new Database(connections);
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
