import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { gate } from '../helpers/gate';
import { holdLock } from '../helpers/lock-holder';
import { createNotes, type Notes } from '../helpers/notes';

let notes: Notes;

beforeEach(async () => {
  notes = await createNotes();
});

afterEach(() => notes.close());

const SCRIPT = join(__dirname, '../fixtures/write-notes.js');

async function message(child: ChildProcess): Promise<unknown> {
  const [told] = (await once(child, 'message')) as [unknown];
  return told;
}

test('eight processes write one file, and no lock error reaches any of them', async () => {
  const children = [...Array(8).keys()].map((index) =>
    fork(SCRIPT, [notes.file, `process ${index}`, '150'], { execArgv: [] }),
  );
  await Promise.all(children.map(message));
  const ends = children.map(message);
  for (const child of children) child.send('go');
  expect(await Promise.all(ends)).toEqual(children.map(() => ({ errors: [] })));
  const texts = await notes.texts();
  expect(texts).toHaveLength(8 * 150);
  // Each process's writes stand in the order it asked for them.
  for (const index of children.keys()) {
    const own = texts.filter((text) => text.startsWith(`process ${index} `));
    expect(own).toEqual([...Array(150).keys()].map((count) => `process ${index} ${count}`));
  }
});

describe('who holds the lock is named', () => {
  const onLinux = process.platform === 'linux' ? test : test.skip;

  onLinux('by its pid, when it is another process', async () => {
    const holder = await holdLock(notes.file, 'write');
    await expect(
      notes.db.insertInto('notes').values({ text: 'a' }).execute(),
    ).rejects.toMatchObject({
      code: 'E_DATABASE_BUSY',
      message: expect.stringContaining(`locked by process ${holder.pid} for`) as string,
    });
    await holder.release();
    expect(notes.connection.lockStatistics).toMatchObject({ waits: 1 });
  });

  test('as a transaction, when another connection of this process holds it', async () => {
    const twin = await createNotes({ file: notes.file });
    const hold = gate();
    const began = gate();
    const transaction = twin.db.transaction(async () => {
      began.open();
      await hold.opened;
    });
    await began.opened;
    await expect(
      notes.db.insertInto('notes').values({ text: 'a' }).execute(),
    ).rejects.toMatchObject({
      message: expect.stringMatching(
        /locked by a transaction of connection "notes" in this process, begun \d+ ms ago, for/,
      ) as string,
    });
    hold.open();
    await transaction;
    await twin.close();
  });
});
