import { createTestApplication, type TestApplication } from 'trilite/testing';
import type { ClaimedJob, QueueStore } from '../../src/queue/queue-store';
import { NullQueueStore } from '../../src/queue/stores/null-queue-store';
import {
  FAILURE,
  followUp,
  newBatch,
  newJob,
  NOW,
  request,
} from '../contracts/queue-store-under-test';
import { errorWith } from '../helpers/errors';
import { jobOf } from '../helpers/jobs';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

const store: QueueStore = new NullQueueStore();

test('takes every job, and forgets it', async () => {
  expect(await store.push([newJob('a'), newJob('b')], newBatch('batch'))).toEqual([
    { id: 'a', outcome: 'stored' },
    { id: 'b', outcome: 'stored' },
  ]);
  expect(await store.find('a')).toBeUndefined();
  expect(await store.findBatch('batch')).toBeUndefined();
  expect(await store.claim(request())).toEqual([]);
  expect(await store.status()).toEqual([]);
});

test('keeps nobody out', async () => {
  const unique = { key: 'one', until: 'done' } as const;
  const outcomes = await store.push([newJob('a', { unique }), newJob('b', { unique })]);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['stored', 'stored']);
});

test('relays to nowhere, and remembers nothing', async () => {
  const chain = { rest: [followUp('b')] };
  const rows = [{ seq: 3, jobs: [newJob('a', { chain })], batch: undefined }];
  expect(await store.relay({ generation: 'g', rows })).toBe(3);
  expect(await store.relayed('g')).toBe(0);
  expect(store.isDurable).toBe(false);
});

test('has nothing to cancel, to put back or to forget', async () => {
  expect(await store.cancel('a')).toBeUndefined();
  expect(await store.retry({})).toEqual({ retried: [], duplicates: [] });
  expect(await store.forget({})).toBe(0);
  expect(await store.clear('default')).toBe(0);
  expect(await store.prune(NOW)).toBe(0);
  expect(await store.recover(() => true)).toEqual([]);
  expect(await store.addToBatch('batch', [newJob('a')])).toBeUndefined();
  expect(await store.cancelBatch('batch')).toBe(false);
});

test('refuses what needs a claimed job, or a worker', async () => {
  const job = {} as ClaimedJob;
  const refused: readonly (() => Promise<unknown>)[] = [
    () => store.complete([{ job, tookMs: 1 }]),
    () => store.release(job, { availableAt: NOW }),
    () => store.fail(job, FAILURE),
    () => store.discard(job, 'No more'),
    () => store.restart(),
    () => store.pause('mail'),
  ];
  for (const call of refused) {
    await expect(call()).rejects.toThrow(errorWith('E_QUEUE_UNSUPPORTED', '"null" queue driver'));
  }
});

describe('a connection with the null driver', () => {
  const Ran = jobOf(() => {
    throw new Error('It ran');
  });
  let project: TestProject;
  let app: TestApplication;

  beforeEach(async () => {
    project = createProject({
      'config/queue.js': exportDefault(
        `{ default: 'null', connections: { null: { driver: 'null' } } }`,
      ),
    });
    app = await createTestApplication({ basePath: project.path, jobs: [Ran] });
  });

  afterEach(async () => {
    await app.close();
    project.remove();
  });

  test('runs nothing that is dispatched, in a transaction or outside of one', async () => {
    const job = await app.queue().dispatch(Ran, 1);
    expect(await job.status()).toBeUndefined();
    await app.database().transaction(async () => {
      expect(await app.queue().dispatch(Ran, 2)).toMatchObject({ outcome: 'pending' });
    });
  });

  test('has no worker', () => {
    const options = { ...request(), concurrency: 1 } as never;
    expect(() => app.queues.worker('null', options)).toThrow(errorWith('E_QUEUE_UNSUPPORTED'));
  });
});
