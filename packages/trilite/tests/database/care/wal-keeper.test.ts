import { statSync } from 'node:fs';
import { WalKeeper, type PinnedWal } from '../../../src/database/care/wal-keeper';
import { holdLock } from '../../helpers/lock-holder';
import { createNotes, type Notes } from '../../helpers/notes';

let notes: Notes;
let pinned: PinnedWal[];
const errors: unknown[] = [];

beforeEach(async () => {
  await open();
});

afterEach(async () => {
  await notes.close();
  expect(errors).toEqual([]);
});

async function open(options: Record<string, unknown> = {}): Promise<void> {
  notes = await createNotes({ journalSizeLimit: '64kb', ...options });
  pinned = [];
}

const keeper = () =>
  new WalKeeper({
    connections: () => [notes.connection],
    offload: notes.registry.offload,
    onPinned: (wal) => pinned.push(wal),
    onError: (_connection, error) => errors.push(error),
    passiveBytes: 200_000,
  });

const walBytes = () => statSync(`${notes.file}-wal`).size;

/** Writes until the -wal is larger than a keeper lets be. */
async function grow(): Promise<void> {
  for (let index = 0; walBytes() < 400_000; index += 1) {
    await notes.db
      .insertInto('notes')
      .values({ text: `${index} ${'x'.repeat(20_000)}` })
      .execute();
  }
}

test('a large -wal is moved into the file and emptied', async () => {
  await grow();
  await keeper().look();
  expect(walBytes()).toBe(0);
  expect(pinned).toEqual([]);
  expect(await notes.texts()).not.toEqual([]);
});

test('a small -wal is left alone', async () => {
  await notes.db.insertInto('notes').values({ text: 'one' }).execute();
  const before = walBytes();
  await keeper().look();
  expect(walBytes()).toBe(before);
});

test('a -wal below journalSizeLimit is moved, and keeps its size', async () => {
  await notes.close();
  await open({ journalSizeLimit: '1mb' });
  await grow();
  await keeper().look();
  expect(walBytes()).toBeGreaterThan(400_000);
  expect(pinned).toEqual([]);
});

test('a reader of another process is told by its pid, once, and not waited for', async () => {
  const reader = await holdLock(notes.file, 'read');
  await grow();
  const own = keeper();
  await own.look();
  await own.look();
  expect(pinned).toHaveLength(1);
  expect(pinned[0]).toMatchObject({ connection: 'notes' });
  if (process.platform === 'linux') expect(pinned[0]?.readers).toEqual([{ pid: reader.pid }]);
  expect(walBytes()).toBeGreaterThan(400_000);
  await reader.release();
  await own.look();
  expect(walBytes()).toBe(0);
});

test('a stream of this process is told by its SQL and age', async () => {
  await grow();
  for await (const { id } of notes.db.selectFrom('notes').selectAll().orderBy('id').stream(1)) {
    expect(id).toBe(1);
    await notes.db.insertInto('notes').values({ text: 'beside it' }).execute();
    await keeper().look();
    break;
  }
  expect(pinned[0]?.readers).toEqual([
    {
      sql: 'select * from "notes" order by "id"',
      ageMs: expect.any(Number) as number,
    },
  ]);
});

test('a file that somebody else makes checkpoints of is left alone', async () => {
  await notes.close();
  await open({ pragmas: { wal_autocheckpoint: 0 } });
  await grow();
  const before = walBytes();
  await keeper().look();
  expect(walBytes()).toBe(before);
});

test('what goes wrong with one file is told, and the next one is looked at', async () => {
  await grow();
  const failing = new WalKeeper({
    connections: () => [notes.connection, notes.connection],
    offload: { all: () => Promise.reject(new Error('no disk')) } as never,
    onPinned: () => undefined,
    onError: (_connection, error) => errors.push(error),
    passiveBytes: 1,
  });
  await failing.look();
  expect(errors.splice(0)).toHaveLength(2);
});
