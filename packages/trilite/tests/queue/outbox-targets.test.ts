import { sql } from 'trilite';
import { errorWith } from '../helpers/errors';
import {
  app,
  db,
  dispatch,
  Fails,
  Note,
  notes,
  ran,
  rolledBack,
  rowsInOutbox,
  runAll,
  useOutbox,
  write,
} from '../helpers/outbox';

/* Dispatches in transactions, by where the data and the queue are. */

useOutbox();

describe("a transaction of the queue's own file", () => {
  test('takes the job with it: there at its end, or not at all', async () => {
    const own = app.database('queue');
    const handle = await own.transaction(async () => {
      const stored = await dispatch('kept');
      expect(stored.outcome).toBe('stored');
      return stored;
    });
    expect(await handle.status()).toMatchObject({ state: 'waiting' });
    await rolledBack(() => dispatch('undone'), own);
    expect(await runAll()).toEqual(['kept']);
    expect(await rowsInOutbox()).toBe(0);
  });

  test('refuses to wait for it', async () => {
    await app.database('queue').transaction(async () => {
      const handle = await dispatch('a');
      await expect(handle.wait()).rejects.toThrow(errorWith('E_JOB_WAIT'));
    });
  });

  test('is any of the data where both lie in one file', async () => {
    const beside = app.queue('beside');
    await db.transaction(async (trx) => {
      await write(trx, 'a');
      expect(await beside.dispatch(Note, 'kept')).toMatchObject({ outcome: 'stored' });
    });
    await rolledBack(() => beside.dispatch(Note, 'undone'));
    expect(await rowsInOutbox()).toBe(0);
    await app.runJobs({ connection: 'beside' });
    expect(ran).toEqual(['kept']);
  });
});

describe('a connection without an outbox', () => {
  test('of caches alone refuses a dispatch, unless it is beside the transaction', async () => {
    await app.database('cache').transaction(async () => {
      await expect(dispatch('a')).rejects.toThrow(
        errorWith('E_OUTBOX', '"cache", whose file has no outbox'),
      );
      await dispatch('beside it', { within: false });
    });
    expect(await runAll()).toEqual(['beside it']);
  });

  test('that was not migrated refuses a dispatch', async () => {
    await sql`drop table file_generation`.execute(db);
    const refused = db.transaction(() => dispatch('a'));
    await expect(refused).rejects.toThrow(
      errorWith('E_OUTBOX', '"default", whose file has no outbox'),
    );
  });
});

describe('a queue that keeps nothing on the disk', () => {
  test.each(['memory', 'sync'])('"%s" is given the job after the commit', async (name) => {
    let seen: string[] = [];
    await db.transaction(async (trx) => {
      await write(trx, 'a');
      const handle = await app.queue(name).dispatch(Note, 'a');
      expect(handle.outcome).toBe('pending');
      expect(ran).toEqual([]);
      trx.afterCommit(async () => {
        seen = await notes();
      });
    });
    if (name === 'memory') await app.runJobs({ connection: 'memory' });
    expect([ran, seen]).toEqual([['a'], ['a']]);
    expect(await rowsInOutbox()).toBe(0);
  });

  test.each(['memory', 'sync', 'null'])('"%s" is given nothing after a rollback', async (name) => {
    await rolledBack(() => app.queue(name).dispatch(Note, 'a'));
    if (name === 'memory') await app.runJobs({ connection: 'memory' });
    expect(ran).toEqual([]);
  });

  test('"sync" tells what the job threw; the data is committed', async () => {
    const committed = db.transaction(async (trx) => {
      await write(trx, 'a');
      await app.queue('sync').dispatch(Fails, 1);
    });
    await expect(committed).rejects.toThrow(errorWith('E_AFTER_COMMIT'));
    expect(await notes()).toEqual(['a']);
  });
});
