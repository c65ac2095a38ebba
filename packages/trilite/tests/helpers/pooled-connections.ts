import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
// Loaded for the guard, which fails a test that leaves a connection open
import 'trilite/testing';
import { databaseSchema, type SqliteSettings } from '../../src/config/schema';
import { Connection } from '../../src/database/connection';
import type { ConnectionPool } from '../../src/database/connection-pool';
import { nextTurn } from '../../src/support/clock';
import { gate } from './gate';

export let folder: string;
/** The connections of a test, in the order they were made. */
export let made: Connection[];

/** Gives every test of a file a folder for its files. */
export function usePooledFiles(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'trilite-pool-'));
    made = [];
    const template = new BetterSqlite3(join(folder, 'template'));
    template.pragma('journal_mode = wal');
    template.exec('create table notes (id integer primary key, text text not null)');
    template.exec("insert into notes (text) values ('first'), ('second')");
    template.close();
  });

  afterEach(async () => {
    jest.useRealTimers();
    await Promise.all(made.map((connection) => connection.close()));
    rmSync(folder, { recursive: true, force: true });
  });
}

function settingsOf(name: string, busyTimeout: string): SqliteSettings {
  const file = join(folder, `${name}.sqlite`);
  copyFileSync(join(folder, 'template'), file);
  const input = { driver: 'sqlite', file, busyTimeout };
  const { connections } = databaseSchema.parse({ default: 'it', connections: { it: input } });
  return connections['it'] as SqliteSettings;
}

/** Connections "0", "1", … of one pool, each to a file with two notes. */
export function connect(pool: ConnectionPool, count: number, busyTimeout = '200ms'): Connection[] {
  const connections = [...Array(count).keys()].map(
    (index) => new Connection(String(index), settingsOf(String(index), busyTimeout), { pool }),
  );
  made.push(...connections);
  return connections;
}

export function three(pool: ConnectionPool): [Connection, Connection, Connection] {
  return connect(pool, 3) as [Connection, Connection, Connection];
}

export const texts = (connection: Connection | undefined): Promise<unknown[]> | undefined =>
  connection?.read((handle) => handle.statement('select text from notes').pluck().all());

export const add = (connection: Connection, text = 'more') =>
  connection.write((handle) => handle.statement('insert into notes (text) values (?)').run(text));

export async function streamed(connection: Connection): Promise<number> {
  let rows = 0;
  const query = { sql: 'select text from notes', parameters: [], size: 1 };
  for await (const piece of connection.stream(query)) rows += piece.length;
  return rows;
}

/** Who awaits a write or a transaction goes on a moment before its connection is idle. */
export async function turns(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

/** Keeps a connection in use until the gate opens. */
export async function inUse(connection: Connection): Promise<() => Promise<void>> {
  const begun = gate();
  const end = gate();
  const transaction = connection.transaction(async () => {
    begun.open();
    await end.opened;
  });
  await begun.opened;
  return async () => {
    end.open();
    await transaction;
  };
}
