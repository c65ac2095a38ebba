import { existsSync, readdirSync, readlinkSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { ChangeWatch } from '../../src/database/change-watch';
import type { Connection } from '../../src/database/connection';
import type { Handle } from '../../src/database/connection-handle';
import { openConnections } from '../../src/database/connection-holder';
import type { Database } from '../../src/database/database';
import { nextTurn } from '../../src/support/clock';
import { gate } from '../helpers/gate';
import { createNotes, type Notes } from '../helpers/notes';

const onLinux = process.platform === 'linux' ? test : test.skip;

let notes: Notes;
let connection: Connection;
let db: Database;

beforeEach(async () => {
  notes = await createNotes();
  ({ connection, db } = notes);
});

afterEach(() => notes.close());

const add = (text: string) => db.insertInto('notes').values({ text }).execute();

const stream = () => db.selectFrom('notes').select(['id', 'text']).orderBy('id').stream(1);

/** Who awaits a write goes on a moment before its connection is idle. */
async function rested(on = connection): Promise<void> {
  while (!on.rest()) await nextTurn();
}

/** What this process has open of the connection's file and its companions. */
const descriptors = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${number}`);
      return path.startsWith(connection.file) ? [path] : [];
    } catch {
      return []; // the one that lists them
    }
  });

describe('a connection that nothing uses', () => {
  test('rests, and opens anew at its next use without anybody noticing', async () => {
    await add('before');
    await rested();
    expect(connection.isOpen).toBe(false);
    await add('after');
    expect(await notes.texts()).toEqual(['before', 'after']);
    expect(connection.isOpen).toBe(true);
  });

  test('rests twice without harm, and before it was ever used', async () => {
    expect([connection.rest(), connection.rest()]).toEqual([true, true]);
    expect(await notes.texts()).toEqual([]);
  });

  onLinux('has no descriptor of its file left', async () => {
    await add('one');
    await db.transaction(async () => {
      await notes.texts(); // beside the transaction, on a reader
    });
    for await (const { text } of stream()) expect(text).toBe('one');
    expect(descriptors().length).toBeGreaterThan(3);
    await rested();
    expect(descriptors()).toEqual([]);
  });

  test('leaves no -wal behind', async () => {
    await add('one');
    await notes.other.selectFrom('notes').selectAll().execute();
    expect(existsSync(`${notes.file}-wal`)).toBe(true);
    await rested();
    expect(readdirSync(dirname(notes.file)).filter((name) => name.startsWith('notes'))).toEqual([
      'notes.sqlite',
    ]);
  });

  test('is not counted among the open ones', async () => {
    expect(openConnections.has(connection)).toBe(true);
    await rested();
    expect(openConnections.has(connection)).toBe(false);
  });

  test('sees after its rest what others committed meanwhile', async () => {
    await add('mine');
    await rested();
    const elsewhere = new BetterSqlite3(notes.file);
    elsewhere.exec("insert into notes (text) values ('theirs')");
    elsewhere.close();
    expect(await notes.texts()).toEqual(['mine', 'theirs']);
  });

  test('serves each read with a handle that is open, and prepares its statements anew', async () => {
    const handles = new Set<Handle>();
    for (let round = 0; round < 3; round += 1) {
      await connection.read((handle) => {
        handles.add(handle);
        handle.statement('select 1').get();
      });
      connection.rest();
    }
    expect(handles.size).toBe(3);
    expect([...handles].map(({ isOpen }) => isOpen)).toEqual([false, false, false]);
  });

  test('opens the file that lies at its path then, and is content with it', async () => {
    const { place } = connection;
    await add('first file');
    await notes.other.insertInto('notes').values({ text: 'second file' }).execute();
    const other = notes.registry.connection('other');
    await rested();
    await rested(other);
    renameSync(other.file, notes.file);
    expect(await notes.texts()).toEqual(['second file']);
    await connection.check();
    expect(connection.place).not.toBe(place);
  });
});

describe('a connection does not rest', () => {
  test('between the asking for a write and its commit', async () => {
    const written = connection.write((handle) =>
      handle.statement("insert into notes (text) values ('asked for')").run(),
    );
    expect(connection.rest()).toBe(false);
    await written;
    await rested();
  });

  test('while a transaction is open', async () => {
    await db.transaction(async (trx) => {
      await trx.insertInto('notes').values({ text: 'kept' }).execute();
      expect(connection.rest()).toBe(false);
    });
    await rested();
    expect(await notes.texts()).toEqual(['kept']);
  });

  test('while somebody waits for a lock of another', async () => {
    const release = notes.lock();
    const written = connection.write((handle) =>
      handle.statement("insert into notes (text) values ('late')").run(),
    );
    await connection.read((handle) => handle.statement('select 1').get());
    expect(connection.rest()).toBe(false);
    release();
    await written;
    await rested();
  });

  test('while a stream is read, and does once it is left', async () => {
    await add('one');
    await add('two');
    for await (const { text } of stream()) {
      expect(connection.rest()).toBe(false);
      if (text === 'one') break;
    }
    expect(connection.rest()).toBe(true);
  });

  test('from within a read of its own', async () => {
    const answer = await connection.read((handle) => {
      const isResting = connection.rest();
      return { isResting, one: handle.statement('select 1 as one').get() };
    });
    expect(answer).toEqual({ isResting: false, one: { one: 1 } });
  });

  test('while rows that a read handed out are not fetched to their end', async () => {
    await add('one');
    await add('two');
    const rows = await connection.read((handle) =>
      handle.statement('select text from notes order by id').iterate(),
    );
    expect(rows.next().value).toEqual({ text: 'one' });
    expect(connection.rest()).toBe(false);
    expect([...rows]).toEqual([{ text: 'two' }]);
    expect(connection.rest()).toBe(true);
  });

  test('while somebody holds it, however many do', () => {
    const releases = [connection.hold(), connection.hold()];
    for (const release of releases) {
      expect(connection.rest()).toBe(false);
      release();
      release(); // twice without harm
    }
    expect(connection.rest()).toBe(true);
  });

  test('while it is watched: the watch compares what one handle says', async () => {
    const seen = gate();
    const watch = new ChangeWatch(connection, () => seen.open());
    try {
      await seen.opened;
      expect(connection.rest()).toBe(false);
    } finally {
      watch.close(); // it would keep the test process alive
    }
    await connection.read(() => undefined);
    expect(connection.rest()).toBe(true);
  });

  test('when it is in memory: its content would be gone', async () => {
    const memory = await createNotes({ file: ':memory:' });
    expect(memory.connection.rest()).toBe(false);
    expect(await memory.texts()).toEqual([]);
    await memory.close();
  });
});

test('a connection that rests can be closed, and then is', async () => {
  connection.rest();
  await connection.close();
  await expect(add('too late')).rejects.toMatchObject({ code: 'E_CONNECTION_CLOSED' });
});
