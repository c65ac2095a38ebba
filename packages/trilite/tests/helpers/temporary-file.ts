import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// Loaded for the guard, which fails a test that leaves a connection open
import 'trilite/testing';
import { databaseSchema } from '../../src/config/schema';
import type { Connection } from '../../src/database/connection';
import { ConnectionRegistry } from '../../src/database/connection-registry';
import type { NamedMigration } from '../../src/database/migrations/migration';
import { Migrator } from '../../src/database/migrations/migrator';

/** A migrated SQLite file in a folder of its own. */
export interface TemporaryFile {
  readonly connection: Connection;
  /** Another connection to the same file: to SQLite the same as another process. */
  readonly elsewhere: Connection;
  close(): Promise<void>;
}

export async function createTemporaryFile(
  migrations: readonly NamedMigration[],
): Promise<TemporaryFile> {
  const folder = mkdtempSync(join(tmpdir(), 'trilite-file-'));
  const sqlite = { driver: 'sqlite', file: join(folder, 'test.sqlite') };
  const connections = new ConnectionRegistry(
    databaseSchema.parse({ default: 'first', connections: { first: sqlite, second: sqlite } }),
  );
  await new Migrator(connections, [{ connection: 'first', migrations }]).migrate();
  return {
    connection: connections.connection('first'),
    elsewhere: connections.connection('second'),
    async close() {
      await connections.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
