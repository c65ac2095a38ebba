import { Migrator } from '../../src/database/migrations/migrator';
import { queueMigrations } from '../../src/queue/sqlite/schema';
import { SqliteQueueStore } from '../../src/queue/sqlite/sqlite-queue-store';
import {
  claimIds,
  claimOne,
  complete,
  newJob,
  retry,
  statesOf,
} from '../contracts/queue-store-under-test';
import { createFiles, type TestFiles } from '../helpers/files';

/* A file of the first version, with jobs in it, under the version of now. */

const CREATED_AT = Date.UTC(2025, 0, 1);
const FAR = Date.UTC(2100, 0, 1);

const INSERT = `
  insert into jobs (id, queue, job, payload, state, priority, available_at, attempts, crashes, max_crashes, owner, lease_until, progress,
    last_error, created_at, started_at, finished_at)
  values (:id, 'mail', 'SendMail', :payload, :state, 5, :availableAt, 2, 1, 3, :owner, :leaseUntil, :progress,
    'It broke once', ${CREATED_AT}, ${CREATED_AT + 2}, :finishedAt)`;

const INSERT_FAILED = `
  insert into failed_jobs (id, queue, job, payload, priority, max_crashes, attempts, message, detail, created_at, failed_at)
  values ('failed', 'mail', 'SendMail', '"failed"', 5, 3, 2, 'It broke', 'Error: It broke', ${CREATED_AT}, ${CREATED_AT + 9})`;

const NOTHING = { owner: null, leaseUntil: null, progress: null, finishedAt: null };

let files: TestFiles;
let store: SqliteQueueStore;

beforeEach(async () => {
  files = createFiles(['queue']);
  const connection = files.connections.connection('queue');
  await migrate(1);
  await connection.write((handle) => {
    const insert = (id: string, differences: object): void => {
      const availableAt = CREATED_AT + 1;
      const row = { id, payload: `"${id}"`, state: id, availableAt, ...NOTHING, ...differences };
      handle.statement(INSERT).run(row);
    };
    insert('waiting', {});
    insert('later', { state: 'waiting', availableAt: FAR });
    insert('running', { owner: 'me', leaseUntil: FAR, progress: 40 });
    insert('done', { owner: 'me', finishedAt: CREATED_AT + 3 });
    handle.exec(INSERT_FAILED);
  });
  await migrate(queueMigrations.length);
  store = new SqliteQueueStore(connection);
});

afterEach(() => files.close());

function migrate(count: number): Promise<void> {
  const migrations = queueMigrations.slice(0, count);
  return new Migrator(files.connections, [{ connection: 'queue', migrations }]).migrate();
}

test('every job is there, where it stood', async () => {
  const ids = ['waiting', 'later', 'running', 'done', 'failed'];
  expect(await statesOf(store, ...ids)).toEqual([
    'waiting',
    'waiting',
    'running',
    'done',
    'failed',
  ]);
  for (const id of ids) {
    expect(await store.find(id)).toMatchObject({
      queue: 'mail',
      job: 'SendMail',
      payload: `"${id}"`,
      priority: 5,
      attempts: 2,
      tags: [],
      batchId: undefined,
      createdAt: CREATED_AT,
    });
  }
});

test('what was known of each is known still', async () => {
  expect(await store.find('later')).toMatchObject({ availableAt: FAR, crashes: 1 });
  expect(await store.find('running')).toMatchObject({ owner: 'me', progress: 40 });
  expect(await store.find('waiting')).toMatchObject({ lastError: 'It broke once' });
  expect(await store.find('done')).toMatchObject({ finishedAt: CREATED_AT + 3 });
  expect(await store.failed()).toMatchObject([
    { id: 'failed', message: 'It broke', detail: 'Error: It broke', failedAt: CREATED_AT + 9 },
  ]);
  expect(await store.status()).toMatchObject([
    { queue: 'mail', ready: 1, delayed: 1, running: 1, failed: 1 },
  ]);
});

test('a job that waits is claimed, and counts on', async () => {
  const job = await claimOne(store, { queues: ['mail'] });
  expect(job).toMatchObject({ id: 'waiting', attempts: 3, crashes: 1, exceptions: 0 });
  expect(await complete(store, job)).toBe(true);
  expect(await claimIds(store, { queues: ['mail'] })).toEqual([]);
});

test('a job that runs still has its owner', async () => {
  expect(await store.find('running')).toMatchObject({ state: 'running', owner: 'me' });
  expect(await store.recover((owner) => owner !== 'me')).toEqual([]);
});

test('a job whose worker is gone is taken back, and fails when it crashes once too often', async () => {
  expect(await store.recover((owner) => owner === 'me')).toMatchObject([
    { id: 'running', outcome: 'released' },
  ]);
  await store.claim({ queues: ['mail'], limit: 9, owner: 'next', leaseMs: 1000 });
  const recovered = await store.recover((owner) => owner === 'next');
  expect(recovered).toContainEqual(
    expect.objectContaining({ id: 'running', outcome: 'failed' }) as unknown,
  );
});

test('a job that failed is put back, and one that is done is pruned', async () => {
  expect(await retry(store)).toEqual(['failed']);
  expect(await store.find('failed')).toMatchObject({ state: 'waiting', attempts: 0, priority: 5 });
  expect(await store.prune(CREATED_AT + 4)).toBe(1);
  expect(await statesOf(store, 'done', 'failed')).toEqual([undefined, 'waiting']);
});

test('what is new is there for what comes', async () => {
  const unique = { key: 'one', until: 'done' } as const;
  await store.push([newJob('a', { unique, tags: ['new'] })]);
  expect(await store.push([newJob('b', { unique })])).toEqual([{ id: 'a', outcome: 'duplicate' }]);
  expect(await store.relay({ generation: 'g', rows: [] })).toBe(0);
});

test('migrating again changes nothing', async () => {
  const before = await store.find('waiting');
  await migrate(queueMigrations.length);
  expect(await store.find('waiting')).toEqual(before);
  const integrity = await files.connections
    .connection('queue')
    .read((handle) => handle.pragma('integrity_check'));
  expect(integrity).toBe('ok');
});
