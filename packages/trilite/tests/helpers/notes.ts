import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import type { Generated } from 'kysely';
// Loaded for the guard, which fails a test that leaves a connection open
import 'trilite/testing';
import { databaseSchema } from '../../src/config/schema';
import type { Connection } from '../../src/database/connection';
import { ConnectionRegistry } from '../../src/database/connection-registry';
import { Database } from '../../src/database/database';

declare module '../../src/database/tables' {
  interface Tables {
    notes: { id: Generated<number>; text: string };
  }
}

/** Two files with a table of notes each, and what tests do with them. */
export interface Notes {
  readonly registry: ConnectionRegistry;
  readonly connection: Connection;
  readonly db: Database;
  /** The query builder of the other file. */
  readonly other: Database;
  readonly file: string;
  texts(): Promise<string[]>;
  /** Takes the write lock as another process would. @returns what gives it back */
  lock(): () => void;
  close(): Promise<void>;
}

export async function createNotes(options: Record<string, unknown> = {}): Promise<Notes> {
  const folder = mkdtempSync(join(tmpdir(), 'trilite-notes-'));
  const sqlite = (name: string) => ({
    driver: 'sqlite',
    file: join(folder, `${name}.sqlite`),
    busyTimeout: '200ms',
    ...options,
  });
  const registry = new ConnectionRegistry(
    databaseSchema.parse({
      default: 'notes',
      connections: { notes: sqlite('notes'), other: sqlite('other') },
    }),
  );
  for (const name of registry.names) {
    const connection = registry.connection(name);
    await connection.create();
    await connection.write((handle) => {
      handle.exec(
        'create table if not exists notes (id integer primary key, text text not null unique)',
      );
    });
  }
  const db = new Database(registry);
  const connection = registry.connection();
  return {
    registry,
    connection,
    db,
    other: new Database(registry, 'other'),
    file: connection.file,
    texts: async () => {
      const rows = await db.selectFrom('notes').select('text').orderBy('id').execute();
      return rows.map(({ text }) => text);
    },
    lock: () => {
      const handle = new BetterSqlite3(connection.file);
      handle.exec('begin immediate');
      return () => handle.close();
    },
    close: async () => {
      await registry.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
