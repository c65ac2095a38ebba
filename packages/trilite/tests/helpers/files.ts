import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
// Loaded for the guard, which fails a test that leaves a connection open
import 'trilite/testing';
import { databaseSchema } from '../../src/config/schema';
import { ConnectionRegistry } from '../../src/database/connection-registry';

/** A folder of SQLite files, a connection each, and the processes that use them. */
export interface TestFiles {
  readonly path: string;
  readonly backups: string;
  readonly connections: ConnectionRegistry;
  /** The path of a file in the folder. */
  at(name: string): string;
  /** Starts a process of tests/fixtures/file-processes; it is killed after the test. */
  start(script: string, ...parameters: readonly string[]): ChildProcess;
  close(): Promise<void>;
}

/** @param names the connections; the first is the default one, each has `{name}.sqlite` */
export function createFiles(
  names: readonly string[] = ['default'],
  folder = 'storage',
  options: object = {},
): TestFiles {
  const root = mkdtempSync(join(tmpdir(), 'trilite-files-'));
  const path = join(root, folder);
  mkdirSync(path);
  const at = (name: string): string => join(path, name);
  const processes: ChildProcess[] = [];
  const connections = new ConnectionRegistry(
    databaseSchema.parse({
      default: names[0],
      connections: Object.fromEntries(
        names.map((name) => [name, { driver: 'sqlite', file: at(`${name}.sqlite`), ...options }]),
      ),
    }),
  );
  return {
    path,
    backups: at('backups'),
    connections,
    at,
    start(script, ...parameters) {
      const child = fork(join(__dirname, '../fixtures/file-processes', script), parameters);
      processes.push(child);
      return child;
    },
    async close() {
      await Promise.all(processes.map(killed));
      await connections.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The next message of a process. */
export async function message(child: ChildProcess): Promise<unknown> {
  const [word] = (await once(child, 'message')) as [unknown];
  return word;
}

/** Resolves when a process has ended; to the signal that ended it, if one did. */
export async function ended(child: ChildProcess): Promise<NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode;
}

export async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended(child);
}

/** Makes a file in WAL mode that holds notes; closed again. */
export function writeNotes(file: string, ...notes: readonly string[]): void {
  const db = new Database(file);
  db.pragma('journal_mode = wal');
  db.exec('create table if not exists notes (text text not null)');
  for (const note of notes) db.prepare('insert into notes (text) values (?)').run(note);
  db.close();
}

/** The notes of a sound file; closed again. */
export function readNotes(file: string): string[] {
  const db = new Database(file, { fileMustExist: true });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    return db.prepare('select text from notes order by rowid').pluck().all() as string[];
  } finally {
    db.close();
  }
}
