import { travelBack, travelTo } from 'trilite/testing';
import { queueMigrations } from '../../src/queue/sqlite/schema';
import { SqliteQueueStore } from '../../src/queue/sqlite/sqlite-queue-store';
import { testQueueStore } from '../contracts/queue-store';
import {
  claimIds,
  claimOne,
  complete,
  FAILURE,
  newJob,
  NOW,
} from '../contracts/queue-store-under-test';
import { createFiles } from '../helpers/files';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';

testQueueStore('SqliteQueueStore', async (options) => {
  const file = await createTemporaryFile(queueMigrations);
  return {
    store: new SqliteQueueStore(file.connection, options),
    elsewhere: new SqliteQueueStore(file.elsewhere, options),
    close: () => file.close(),
  };
});

describe('a queue in a SQLite file', () => {
  let file: TemporaryFile;
  let store: SqliteQueueStore;

  beforeEach(async () => {
    file = await createTemporaryFile(queueMigrations);
    store = new SqliteQueueStore(file.connection);
    travelTo(NOW);
  });

  afterEach(async () => {
    travelBack();
    await file.close();
  });

  /** The query plans of what a call asks of the file. */
  async function plansOf(call: () => Promise<unknown>): Promise<string[]> {
    const handle = await file.connection.write((own) => own);
    const asked = jest.spyOn(handle, 'statement');
    await call();
    const texts = [...new Set(asked.mock.calls.map(([sql]) => sql))];
    asked.mockRestore();
    return texts.flatMap((sql) => {
      const plan = handle.statement(`explain query plan ${sql}`);
      // A parameter that is not bound is null, which plans like any other value
      return (plan.all(...parametersOf(sql)) as { detail: string }[]).map(({ detail }) => detail);
    });
  }

  function parametersOf(sql: string): unknown[] {
    const named = [...sql.matchAll(/:(\w+)/g)].map(([, name]) => [name, null] as const);
    const positional = [...sql.matchAll(/\?/g)].map(() => null);
    return named.length > 0 ? [Object.fromEntries(named)] : positional;
  }

  test('claims by ranges of the index of what waits: delayed jobs are not read', async () => {
    await store.push([newJob('a'), newJob('b', { priority: 5 })]);
    const plans = await plansOf(() => claimIds(store, { limit: 5 }));
    const ofJobs = plans.filter((detail) => / jobs /.test(`${detail} `));
    const range = 'INDEX jobs_waiting (queue=? AND priority=? AND available_at<?)';
    expect(ofJobs).toContainEqual(expect.stringContaining(range));
    expect(
      ofJobs.filter((detail) => !/USING (COVERING INDEX|INDEX|INTEGER PRIMARY KEY)/.test(detail)),
    ).toEqual([]);
  });

  test('claims, completes and looks without reading through a table', async () => {
    await store.push([newJob('a', { unique: { key: 'one', until: 'done' } })]);
    const plans = await plansOf(async () => {
      await store.nextDueAt(['default']);
      await complete(store, await claimOne(store));
      await store.cancel('a');
      await store.find('a');
      await store.relayed('g');
    });
    const scans = plans.filter((detail) =>
      /^SCAN (?!queue_signals|sqlite_schema|\(subquery)/.test(detail),
    );
    expect(scans).toEqual([]);
  });

  test('gives each priority its turn among many delayed jobs', async () => {
    const delayed = Array.from({ length: 500 }, (_, index) =>
      newJob(`late ${index}`, { priority: index % 7, availableAt: NOW + 1000 + index }),
    );
    const due = [3, 0, 6].map((priority) => newJob(`due ${priority}`, { priority }));
    await store.push([...delayed, ...due]);
    expect(await claimIds(store, { limit: 9 })).toEqual(['due 6', 'due 3', 'due 0']);
  });

  test('leaves no row of a key, of a job or of its history behind', async () => {
    const unique = { key: 'one', until: 'done' } as const;
    for (const end of ['complete', 'fail', 'cancel'] as const) {
      await store.push([newJob(end, { unique })]);
      if (end === 'cancel') await store.cancel(end);
      else if (end === 'fail') await store.fail(await claimOne(store), FAILURE);
      else await complete(store, await claimOne(store));
    }
    await store.forget({});
    await store.prune(NOW + 1);
    for (const table of ['job_keys', 'jobs', 'failed_jobs', 'job_attempts', 'job_lines']) {
      const count = `select count(*) from ${table}`;
      expect(await file.connection.read((handle) => handle.statement(count).pluck().get())).toBe(0);
    }
  });

  test('gives a key whose job is gone without a word to the next one', async () => {
    const unique = { key: 'one', until: 'done' } as const;
    await store.push([newJob('a', { unique })]);
    await file.elsewhere.write((handle) => handle.exec('delete from jobs'));
    expect(await store.push([newJob('b', { unique })])).toEqual([{ id: 'b', outcome: 'stored' }]);
  });

  test('is durable, and tells whether a call would run in a transaction of its own', async () => {
    expect(store.isDurable).toBe(true);
    expect(store.isInTransaction).toBe(false);
    await file.connection.transaction(async () => {
      expect(store.isInTransaction).toBe(true);
      await file.elsewhere.read(() => undefined);
      expect(new SqliteQueueStore(file.elsewhere).isInTransaction).toBe(false);
    });
    expect(store.isInTransaction).toBe(false);
  });

  test('joins a transaction of its file: what is rolled back was never pushed', async () => {
    const broken = file.connection.transaction(async () => {
      await store.push([newJob('a')]);
      throw new Error('No');
    });
    await expect(broken).rejects.toThrow('No');
    expect(await store.find('a')).toBeUndefined();
  });
});

describe('what is stored survives a power cut', () => {
  async function secured(settings: Record<string, unknown>, isCheckpointed = true) {
    const files = createFiles(['queue'], 'storage', settings);
    const connection = files.connections.connection('queue');
    const checkpoint = jest.fn(() => Promise.resolve(isCheckpointed));
    const answer = await new SqliteQueueStore(connection, { checkpoint }).secure();
    await files.close();
    return { answer, checkpoints: checkpoint.mock.calls.length };
  }

  test.each(['full', 'extra'])('from the commit on with synchronous %s', async (synchronous) => {
    expect(await secured({ synchronous })).toEqual({ answer: true, checkpoints: 0 });
  });

  test('with synchronous normal once a checkpoint covers it', async () => {
    expect(await secured({ synchronous: 'normal' })).toEqual({ answer: true, checkpoints: 1 });
    expect(await secured({ synchronous: 'normal' }, false)).toEqual({
      answer: false,
      checkpoints: 1,
    });
  });

  test('with a rollback journal and synchronous normal from the commit on', async () => {
    const settings = { synchronous: 'normal', journalMode: 'delete' };
    expect(await secured(settings)).toEqual({ answer: true, checkpoints: 0 });
  });

  test('never with synchronous off and a rollback journal', async () => {
    const settings = { synchronous: 'off', journalMode: 'delete' };
    expect(await secured(settings)).toEqual({ answer: false, checkpoints: 0 });
  });
});
