import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { databaseSchema, type SqliteSettings } from '../../src/config/schema';
import { Connection } from '../../src/database/connection';

let folder: string;
let connection: Connection;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trilite-connection-'));
  connection = await opened();
  await connection.write((handle) => {
    handle.exec('create table notes (id integer primary key, text text not null unique)');
  });
});

afterEach(async () => {
  await connection.close();
  rmSync(folder, { recursive: true, force: true });
});

function settings(options: Record<string, unknown> = {}): SqliteSettings {
  const file = join(folder, 'notes.sqlite');
  const input = { driver: 'sqlite', file, busyTimeout: '200ms', ...options };
  return databaseSchema.parse({ default: 'notes', connections: { notes: input } }).connections[
    'notes'
  ] as SqliteSettings;
}

async function opened(options: Record<string, unknown> = {}): Promise<Connection> {
  const made = new Connection('notes', settings(options));
  await made.create();
  return made;
}

const add = (text: string, on: Connection = connection) =>
  on.write((handle) => handle.statement('insert into notes (text) values (?)').run(text));

const texts = (on: Connection = connection, options = {}) =>
  on.read(
    (handle) =>
      handle
        .statement('select text from notes order by id')
        .all()
        .map((row) => (row as { text: string }).text),
    options,
  );

/** Another process's writer, as far as SQLite is concerned: a handle of its own that holds the write lock. */
function lock(): { release: () => void } {
  const other = new BetterSqlite3(join(folder, 'notes.sqlite'));
  other.exec('begin immediate');
  return { release: () => other.close() };
}

describe('opening', () => {
  test('a file that is missing is refused unless it is to be created', async () => {
    const missing = new Connection('missing', settings({ file: join(folder, 'none.sqlite') }));
    await expect(texts(missing)).rejects.toMatchObject({ code: 'E_DATABASE_FILE_MISSING' });
    expect(missing.isOpen).toBe(false);
  });

  test('a new file has WAL, incremental vacuum and foreign keys', async () => {
    const pragma = (name: string) => connection.read((handle) => handle.pragma(name));
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('auto_vacuum')).toBe(2);
    expect(await pragma('foreign_keys')).toBe(1);
    expect(await pragma('synchronous')).toBe(1);
    expect(await pragma('temp_store')).toBe(2);
  });

  test('a file that is no database is named as such', async () => {
    writeFileSync(join(folder, 'text.sqlite'), 'x'.repeat(5000));
    const wrong = new Connection('wrong', settings({ file: join(folder, 'text.sqlite') }));
    await expect(texts(wrong)).rejects.toMatchObject({ code: 'E_DATABASE_CORRUPT' });
    expect(wrong.isOpen).toBe(false);
  });

  test('a folder in place of the file is named as such', async () => {
    const wrong = new Connection('wrong', settings({ file: folder }));
    await expect(texts(wrong)).rejects.toMatchObject({ code: 'E_DATABASE_OPEN' });
  });

  test('a missing folder is created with the file', async () => {
    const deep = await opened({ file: join(folder, 'some/where/deep.sqlite') });
    await deep.read((handle) => handle.pragma('page_count'));
    await deep.close();
  });

  test('a folder whose place a file has is told as what cannot be opened', async () => {
    writeFileSync(join(folder, 'plain'), '');
    await expect(opened({ file: join(folder, 'plain/deep.sqlite') })).rejects.toMatchObject({
      code: 'E_DATABASE_OPEN',
    });
  });

  test('a file that is replaced under a running process is told', async () => {
    await connection.check();
    renameSync(connection.file, `${connection.file}.old`);
    await expect(connection.check()).rejects.toMatchObject({ code: 'E_DATABASE_FILE_MISSING' });
    copyFileSync(`${connection.file}.old`, connection.file);
    await expect(connection.check()).rejects.toMatchObject({ code: 'E_DATABASE_FILE_REPLACED' });
  });

  test('a read-only connection refuses writes', async () => {
    const readOnly = new Connection('readOnly', settings({ readOnly: true }));
    await expect(add('x', readOnly)).rejects.toMatchObject({ code: 'E_DATABASE_READ_ONLY' });
    await readOnly.close();
  });

  test('a closed connection refuses everything', async () => {
    await connection.close();
    await expect(add('x')).rejects.toMatchObject({ code: 'E_CONNECTION_CLOSED' });
    await expect(texts()).rejects.toMatchObject({ code: 'E_CONNECTION_CLOSED' });
  });

  test('closing finishes what was asked for', async () => {
    const written = Array.from({ length: 50 }, (_, index) => add(`note ${index}`));
    await connection.close();
    await Promise.all(written);
    connection = await opened();
    expect(await texts()).toHaveLength(50);
  });
});

describe('group commit', () => {
  test('a write that fails undoes itself alone', async () => {
    const results = await Promise.allSettled([add('a'), add('a'), add('b')]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await texts()).toEqual(['a', 'b']);
  });

  test('several statements of one write succeed or fail together', async () => {
    const both = connection.write(
      (handle) => {
        handle.statement('insert into notes (text) values (?)').run('first');
        handle.statement('insert into notes (text) values (?)').run('first');
      },
      { several: true },
    );
    await expect(Promise.all([add('before'), both])).rejects.toThrow();
    expect(await texts()).toEqual(['before']);
  });

  test('writes asked for together share one transaction', async () => {
    const other = new BetterSqlite3(join(folder, 'notes.sqlite'));
    const version = () => other.pragma('data_version', { simple: true });
    other.exec('select 1 from notes');
    const before = version() as number;
    await Promise.all(Array.from({ length: 100 }, (_, index) => add(`note ${index}`)));
    expect(other.prepare('select count(*) from notes').pluck().get()).toBe(100);
    expect(version()).toBe(before + 1);
    other.close();
  });

  test('a read sees the writes asked for before it', async () => {
    const writing = [add('a'), add('b')];
    expect(await texts()).toEqual(['a', 'b']);
    await Promise.all(writing);
  });

  test('each write runs in the async context of who asked for it', async () => {
    const tenant = new AsyncLocalStorage<string>();
    const seen = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        tenant.run(name, () => connection.write(() => tenant.getStore())),
      ),
    );
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  test('when SQLite rolls everybody back, everybody is told, and the file is sound', async () => {
    await connection.write((handle) => handle.exec('create table big (data blob)'));
    const pages = (await connection.read((handle) => handle.pragma('page_count'))) as number;
    await connection.write((handle) => handle.pragma(`max_page_count = ${pages + 2}`));
    const fill = () =>
      connection.write((handle) =>
        handle.statement('insert into big values (randomblob(100000))').run(),
      );
    const results = await Promise.allSettled([add('a'), fill(), add('b')]);
    expect(results[1]).toMatchObject({ status: 'rejected', reason: { code: 'E_DATABASE_FULL' } });
    // Whether FULL undoes the statement or the transaction is SQLite's choice; what was told must be what is there.
    const told = results.filter(
      (result, index) => result.status === 'fulfilled' && index !== 1,
    ).length;
    expect(await texts()).toHaveLength(told);
    expect(await connection.read((handle) => handle.pragma('integrity_check'))).toBe('ok');
  });
});

describe('locks of another process', () => {
  test('a write waits for the lock without blocking, and goes ahead when it is free', async () => {
    const held = lock();
    const written = add('waited');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    held.release();
    await written;
    expect(await texts()).toEqual(['waited']);
  });

  test('a write fails with file and time when the lock is held beyond busyTimeout', async () => {
    const held = lock();
    await expect(add('never')).rejects.toMatchObject({ code: 'E_DATABASE_BUSY', status: 503 });
    held.release();
    expect(await texts()).toEqual([]);
  });

  test('reads answer while a write waits for the lock', async () => {
    await add('there');
    const held = lock();
    const waiting = add('later');
    expect(await texts()).toEqual(['there']);
    held.release();
    await waiting;
    expect(await texts()).toEqual(['there', 'later']);
  });
});

describe('transactions', () => {
  test('others see nothing of a transaction before its commit, and all of it after', async () => {
    let during: string[] | undefined;
    const outside = new AsyncLocalStorage<string>();
    await connection.transaction(async (session) => {
      await session.run((handle) =>
        handle.statement('insert into notes (text) values (?)').run('inside'),
      );
      during = await outside.exit(() => texts(connection, { join: false }));
    });
    expect(during).toEqual([]);
    expect(await texts()).toEqual(['inside']);
  });

  test('a transaction that throws leaves nothing', async () => {
    const failing = connection.transaction(async (session) => {
      await session.run((handle) =>
        handle.statement('insert into notes (text) values (?)').run('inside'),
      );
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await texts()).toEqual([]);
  });

  test('reads and writes of its own context join the transaction', async () => {
    const failing = connection.transaction(async () => {
      await add('joined');
      expect(await texts()).toEqual(['joined']);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await texts()).toEqual([]);
  });

  test('a nested transaction that throws undoes itself alone', async () => {
    await connection.transaction(async () => {
      await add('outer');
      await connection
        .transaction(async () => {
          await add('inner');
          throw new Error('no');
        })
        .catch(() => undefined);
    });
    expect(await texts()).toEqual(['outer']);
  });

  test('writes of others wait for their turn, first in first out', async () => {
    const order: string[] = [];
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (finish = resolve));
    const long = connection.transaction(async () => {
      await gate;
      order.push('transaction');
    });
    const first = add('first').then(() => order.push('first'));
    const second = connection.transaction(async () => void order.push('second'));
    const third = add('third').then(() => order.push('third'));
    finish();
    await Promise.all([long, first, second, third]);
    expect(order).toEqual(['transaction', 'first', 'second', 'third']);
  });

  test('what runs on after the end of a transaction is refused', async () => {
    let late: Promise<unknown> = Promise.resolve();
    let ended: () => void = () => undefined;
    const end = new Promise<void>((resolve) => (ended = resolve));
    await connection.transaction(async () => {
      late = end.then(() => add('late'));
    });
    ended();
    await expect(late).rejects.toMatchObject({ code: 'E_TRANSACTION_MISUSE' });
  });

  test('in memory, who reads during a transaction waits for its end', async () => {
    const memory = await opened({ file: ':memory:' });
    await memory.write((handle) =>
      handle.exec('create table notes (id integer primary key, text text)'),
    );
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (finish = resolve));
    let began: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (began = resolve));
    const transaction = memory.transaction(async () => {
      await add('x', memory);
      began();
      await gate;
    });
    await begun;
    const seen = texts(memory);
    finish();
    expect(await seen).toEqual(['x']);
    await transaction;
    await memory.close();
  });

  test('a transaction that SQLite rolled back by itself runs and commits nothing more', async () => {
    await add('taken');
    const failing = connection.transaction(async (session) => {
      const run = (sql: string) => session.run((handle) => handle.statement(sql).run());
      await run("insert into notes (text) values ('first')");
      await run("insert or rollback into notes (text) values ('taken')").catch(() => undefined);
      await run("insert into notes (text) values ('second')").catch(() => undefined);
    });
    await expect(failing).rejects.toMatchObject({ code: 'E_TRANSACTION_LOST' });
    expect(await texts()).toEqual(['taken']);
  });

  test('who waits behind a transaction longer than busyTimeout is refused, for it may be waiting for them', async () => {
    const outside = new AsyncResource('outside');
    const error = await connection.transaction(() =>
      outside.runInAsyncScope(() => add('never')).catch((thrown: unknown) => thrown),
    );
    expect(error).toMatchObject({
      code: 'E_DATABASE_BUSY',
      message: expect.stringContaining('a transaction of this process'),
    });
    expect(await texts()).toEqual([]);
  });

  test('closing rolls back a transaction that does not end', async () => {
    const begun = await connection.begin();
    await begun.run((handle) => handle.statement("insert into notes (text) values ('x')").run());
    await connection.close();
    expect(begun.isOpen).toBe(false);
    connection = await opened();
    expect(await texts()).toEqual([]);
  });
});

describe('the event loop', () => {
  test('turns while chains of writes and transactions keep the writer busy', async () => {
    let turned = false;
    setTimeout(() => (turned = true), 1);
    const chain = async (): Promise<void> => {
      while (!turned) await connection.transaction(async () => add(String(Math.random())));
    };
    await Promise.all([chain(), chain()]);
    expect(turned).toBe(true);
  });

  test('who waited behind others for the same lock does not begin to wait anew', async () => {
    const held = lock();
    const asked = [1, 2, 3, 4, 5].map(() => connection.transaction(async () => undefined));
    const results = await Promise.allSettled(asked);
    held.release();
    const waits = results.map((result) =>
      result.status === 'rejected' ? waitOf(result.reason) : 0,
    );
    expect(Math.max(...waits)).toBeLessThan(2 * settings().busyTimeout);
  });
});

/** The milliseconds that a busy error names. */
function waitOf(error: unknown): number {
  return Number(/(\d+) ms/.exec((error as Error).message)?.[1]);
}
