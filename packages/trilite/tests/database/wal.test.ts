import { createNotes, type Notes } from '../helpers/notes';

let notes: Notes;

afterEach(() => notes.close());

/** Pages in the -wal. */
async function pages(): Promise<number> {
  const row = await notes.connection.read((handle) =>
    handle.statement('PRAGMA wal_checkpoint(NOOP)').get(),
  );
  return (row as { log: number }).log;
}

let written = 0;

function newText(): string {
  written += 1;
  return `text ${written}`;
}

async function writePages(count: number): Promise<void> {
  const text = newText().padEnd(4096 * count, 'x');
  await notes.db.insertInto('notes').values({ text }).execute();
}

async function commit(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await notes.db.insertInto('notes').values({ text: newText() }).execute();
  }
}

// What SQLite itself does beyond so many pages stays out of the way, as beside another process that writes without a pause.
const ALONE = { pragmas: { wal_autocheckpoint: 1_000_000 } };

test('a long -wal is begun anew by who writes', async () => {
  notes = await createNotes(ALONE);
  await writePages(5000);
  await commit(150);
  expect(await pages()).toBeLessThan(1000);
  expect(await notes.texts()).toHaveLength(151);
});

test('a short one is left alone', async () => {
  notes = await createNotes(ALONE);
  await writePages(1000);
  await commit(150);
  expect(await pages()).toBeGreaterThan(2000);
});

test('one that somebody else makes checkpoints of is left alone', async () => {
  notes = await createNotes({ pragmas: { wal_autocheckpoint: 0 } });
  await writePages(5000);
  await commit(150);
  expect(await pages()).toBeGreaterThan(5000);
});

test('somebody who reads an old state is not waited for, and reads it on', async () => {
  notes = await createNotes(ALONE);
  await commit(1);
  const rows = notes.db.selectFrom('notes').selectAll().stream(1);
  await rows.next();
  await writePages(5000);
  await commit(150);
  expect(await pages()).toBeGreaterThan(5000);
  expect((await rows.next()).done).toBe(true);
  await commit(100);
  expect(await pages()).toBeLessThan(1000);
});
