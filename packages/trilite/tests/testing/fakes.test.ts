import { join } from 'node:path';
import { Database, defineCacheKeys, CacheRepository, job, QueueDispatcher } from 'trilite';
import {
  createTestApplication,
  fakeCache,
  fakeQueue,
  travel,
  travelBack,
  type TestApplication,
} from 'trilite/testing';
import { jobOf } from '../helpers/jobs';

const basePath = join(__dirname, '../fixtures/crash-app');
const handle = jest.fn();
const Mail = jobOf(handle, { name: 'Mail', options: { queue: 'mail' } });
const Report = jobOf(handle, { name: 'Report' });
const Archive = jobOf(handle, { name: 'Archive' });
const Once = jobOf(handle, { name: 'Once', options: { unique: true } });

let app: TestApplication;

beforeEach(async () => {
  app = await createTestApplication({ basePath, jobs: [Mail, Report, Archive, Once] });
  handle.mockReset();
});

afterEach(async () => {
  travelBack();
  await app.close();
});

describe('fakeQueue', () => {
  test('takes the place of what somebody already holds', async () => {
    const held = app.make(QueueDispatcher);
    const fake = fakeQueue(app);
    await held.dispatch(Report, undefined);
    fake.assertDispatched(Report);
  });

  test('notes the jobs of every connection, and runs none', async () => {
    const fake = fakeQueue(app);
    await app.make(QueueDispatcher).dispatch(Mail, { to: 1 });
    await app.queue('sync').dispatch(Mail, { to: 2 });
    expect(fake.dispatched(Mail).map(({ payload }) => payload)).toEqual([{ to: 1 }, { to: 2 }]);
    expect(fake.dispatched(Report)).toEqual([]);
    expect(handle).not.toHaveBeenCalled();
    expect(await app.runJobs({ queues: ['mail', 'default'] })).toBe(0);
  });

  test('tells id, queue, payload and due time', async () => {
    const fake = fakeQueue(app);
    const at = new Date('2030-01-01T00:00:00Z');
    const { id } = await app.queue().dispatch(Mail, new Map([['at', at]]), { delay: at });
    expect(fake.dispatched(Mail)).toEqual([
      { id, queue: 'mail', payload: new Map([['at', at]]), availableAt: at.getTime() },
    ]);
  });

  test('refuses what a real queue refuses', async () => {
    const fake = fakeQueue(app);
    await expect(app.queue().dispatch(Mail, () => undefined)).rejects.toMatchObject({
      code: 'E_VALUE_NOT_SERIALIZABLE',
    });
    fake.assertCount(0);
  });

  test('asserts what was dispatched', async () => {
    const fake = fakeQueue(app);
    await app.queue().dispatch(Mail, { to: 1 });
    fake.assertDispatched(Mail);
    fake.assertDispatched(Mail, ({ payload }) => (payload as { to: number }).to === 1);
    fake.assertNotDispatched(Mail, ({ payload }) => (payload as { to: number }).to === 2);
    fake.assertNotDispatched(Report);
    fake.assertCount(1);
    fake.assertCount(1, Mail);
    fake.assertCount(0, Report);
  });

  test('throws where an assertion is not true, and says what was dispatched', async () => {
    const fake = fakeQueue(app);
    expect(() => fake.assertDispatched(Mail)).toThrow(
      'Expected a Mail that fits to be dispatched; dispatched were: none.',
    );
    await app.queue().dispatch(Mail, { to: 1 });
    expect(() => fake.assertDispatched(Report)).toThrow('dispatched were: Mail {"to":1}.');
    expect(() => fake.assertDispatched(Mail, () => false)).toThrow('Expected a Mail');
    expect(() => fake.assertNotDispatched(Mail)).toThrow('Expected no Mail that fits');
    expect(() => fake.assertCount(2)).toThrow('Expected 2 dispatched jobs, found 1: Mail {');
    expect(() => fake.assertCount(1, Report)).toThrow('Expected 1 dispatched jobs, found 0');
  });

  test('asserts that nothing was dispatched, no empty batch either', async () => {
    const fake = fakeQueue(app);
    fake.assertNothingDispatched();
    await app.queue().batch([]);
    expect(() => fake.assertNothingDispatched()).toThrow('none, and 1 batches.');
    await app.queue().dispatch(Mail, 1);
    expect(() => fake.assertNothingDispatched()).toThrow('dispatched were: Mail 1, and 1 batches.');
  });

  test('notes what would run here and now, and runs it neither', async () => {
    const fake = fakeQueue(app);
    await app.queue().dispatchSync(Mail, 1);
    await app.queue().dispatchAfterResponse(Report, 2);
    fake.assertDispatched(Mail);
    fake.assertDispatched(Report);
    expect(handle).not.toHaveBeenCalled();
  });

  test('judges no unique keys', async () => {
    const fake = fakeQueue(app);
    await app.queue().dispatch(Once, 1);
    await app.queue().dispatch(Once, 1);
    fake.assertCount(2, Once);
  });
});

describe('fakeQueue and chains', () => {
  test('asserts the jobs of a chain in their order, with whatever payload or an equal one', async () => {
    const fake = fakeQueue(app);
    await app.queue().chain([job(Mail, { at: new Date(5) }), job(Report, 2), job(Archive, 3)]);
    fake.assertChained([Mail, Report, Archive]);
    fake.assertChained([job(Mail, { at: new Date(5) }), Report, job(Archive, 3)]);
    const wrong = [
      [Mail, Archive, Report],
      [Mail, Report],
      [Mail, Report, Archive, Archive],
      [Mail, Report, job(Archive, 4)],
    ];
    for (const jobs of wrong) expect(() => fake.assertChained(jobs)).toThrow('Expected a chain');
    expect(() => fake.assertChained([Mail, Report])).toThrow(
      'Expected a chain Mail → Report that fits to be dispatched; dispatched were: Mail {"at":',
    );
  });

  test('tells the chains, and what follows a failure', async () => {
    const fake = fakeQueue(app);
    await app.queue().dispatch(Report, 1);
    await app.queue().chain([job(Mail, 1), job(Report, 2, { queue: 'slow' })], {
      catch: job(Archive, 3),
    });
    expect(fake.chains()).toEqual([
      {
        jobs: [
          { job: 'Mail', queue: 'mail', payload: 1 },
          { job: 'Report', queue: 'slow', payload: 2 },
        ],
        catch: { job: 'Archive', queue: 'default', payload: 3 },
      },
    ]);
  });

  test('of a chain only the first job is dispatched', async () => {
    const fake = fakeQueue(app);
    await app.queue().chain([job(Mail, 1), job(Report, 2)]);
    fake.assertDispatched(Mail);
    fake.assertNotDispatched(Report);
    fake.assertCount(1);
  });

  test('a job by itself is no chain', async () => {
    const fake = fakeQueue(app);
    await app.queue().dispatch(Mail, 1);
    expect(() => fake.assertChained([Mail])).toThrow('dispatched were: none.');
  });
});

describe('fakeQueue and batches', () => {
  test('asserts that a batch that fits was dispatched', async () => {
    const fake = fakeQueue(app);
    expect(() => fake.assertBatched()).toThrow('dispatched were: none.');
    await app.queue().batch([job(Mail, 1), job(Mail, 2)], { name: 'letters' });
    fake.assertBatched();
    fake.assertBatched(({ name, jobs }) => name === 'letters' && jobs.length === 2);
    expect(() => fake.assertBatched(({ jobs }) => jobs.length === 3)).toThrow(
      'Expected a batch that fits to be dispatched; dispatched were: "letters" of Mail 1, Mail 2.',
    );
  });

  test('tells the batches, with the jobs that were added', async () => {
    const fake = fakeQueue(app);
    const batch = await app.queue().batch([job(Mail, 1)], {
      allowFailures: true,
      then: job(Report, 2),
      finally: job(Archive, 3),
    });
    await batch.add([job(Mail, 4)]);
    expect(fake.batches()).toEqual([
      {
        id: batch.id,
        name: '',
        allowsFailures: true,
        jobs: [
          { job: 'Mail', queue: 'mail', payload: 1 },
          { job: 'Mail', queue: 'mail', payload: 4 },
        ],
        then: { job: 'Report', queue: 'default', payload: 2 },
        catch: undefined,
        finally: { job: 'Archive', queue: 'default', payload: 3 },
      },
    ]);
    fake.assertCount(2, Mail);
    fake.assertNotDispatched(Report);
  });

  test('a batch that was not dispatched takes no jobs', async () => {
    fakeQueue(app);
    const add = app
      .queue()
      .batchOf('unknown')
      .add([job(Mail, 1)]);
    await expect(add).rejects.toMatchObject({ code: 'E_BATCH_ENDED' });
  });
});

describe('fakeQueue and transactions', () => {
  test('notes what was committed, and nothing that was rolled back', async () => {
    const fake = fakeQueue(app);
    const db = app.make(Database);
    await db.transaction(async (trx) => {
      await app.queue().dispatch(Mail, 'committed');
      const undone = trx.transaction(async () => {
        await app.queue().dispatch(Mail, 'of a savepoint that was rolled back');
        throw new Error('Undo it');
      });
      await expect(undone).rejects.toThrow('Undo it');
      fake.assertCount(0);
    });
    const undone = db.transaction(async () => {
      await app.queue().dispatch(Mail, 'rolled back');
      throw new Error('Undo it');
    });
    await expect(undone).rejects.toThrow('Undo it');
    expect(fake.dispatched(Mail).map(({ payload }) => payload)).toEqual(['committed']);
  });

  test('notes at once what belongs to no transaction', async () => {
    const fake = fakeQueue(app);
    await app.make(Database).transaction(async () => {
      await app.queue().dispatch(Mail, 1, { within: false });
      fake.assertCount(1);
    });
  });
});

describe('fakeQueue with exceptions', () => {
  test('stores and runs them, and notes the others', async () => {
    const fake = fakeQueue(app, { except: [Report] });
    const [real, noted] = await app.queue().bulk([job(Report, 1), job(Mail, 2)]);
    fake.assertDispatched(Mail);
    fake.assertNotDispatched(Report);
    expect(await real?.status()).toMatchObject({ state: 'waiting', job: 'Report' });
    expect(await noted?.status()).toBeUndefined();
    expect(await app.runJobs()).toBe(1);
    expect(handle.mock.calls.map(([payload]: unknown[]) => payload)).toEqual([1]);
  });

  test('runs them where dispatchSync is called', async () => {
    const fake = fakeQueue(app, { except: [Report] });
    await app.queue().dispatchSync(Report, 1);
    await app.queue().dispatchSync(Mail, 2);
    expect(handle).toHaveBeenCalledTimes(1);
    fake.assertCount(1, Mail);
  });

  test('stores them once their transaction is committed', async () => {
    const fake = fakeQueue(app, { except: [Report] });
    const db = app.make(Database);
    await db.transaction(async () => {
      await app.queue().bulk([job(Report, 1), job(Mail, 2)]);
      expect(await app.runJobs()).toBe(0);
    });
    const undone = db.transaction(async () => {
      await app.queue().bulk([job(Report, 3), job(Mail, 4)]);
      throw new Error('Undo it');
    });
    await expect(undone).rejects.toThrow('Undo it');
    expect(await app.runJobs()).toBe(1);
    fake.assertCount(1);
  });

  test('a chain goes where its first job goes, and a batch is real when all its jobs are', async () => {
    const fake = fakeQueue(app, { except: [Report] });
    await app.queue().chain([job(Report, 1), job(Mail, 2)]);
    await app.queue().chain([job(Mail, 3), job(Report, 4)]);
    await app.queue().batch([job(Report, 5)], { name: 'real' });
    const noted = await app.queue().batch([job(Report, 6), job(Mail, 7)], { name: 'noted' });
    await noted.add([job(Report, 8)]);
    await app.runJobs();
    expect(handle.mock.calls.map(([payload]: unknown[]) => payload)).toEqual([1, 5, 2]);
    fake.assertChained([Mail, Report]);
    expect(fake.batches().map(({ name, jobs }) => [name, jobs.length])).toEqual([['noted', 3]]);
  });
});

describe('fakeCache', () => {
  test('is asked by typed keys as well', async () => {
    const fake = fakeCache(app);
    const keys = defineCacheKeys((key) => ({ open: key<number>('open') }));
    await app.cache().put(keys.open, 1);
    await fake.assertHas(keys.open, 1);
    fake.assertWritten(keys.open);
  });

  test('stands in place of the default store for all that is injected', async () => {
    const fake = fakeCache(app);
    await app.make(CacheRepository).put('key', { at: new Date(5) });
    await fake.assertHas('key');
    await fake.assertHas('key', { at: new Date(5) });
    await fake.assertMissing('other');
  });

  test('tells an entry of undefined from a miss', async () => {
    const fake = fakeCache(app, 'memory');
    await app.cache('memory').put('key', undefined);
    await fake.assertHas('key', undefined);
    await expect(fake.assertMissing('key')).rejects.toThrow(
      'Expected the cache not to hold "key".',
    );
  });

  test('throws where an assertion is not true', async () => {
    const fake = fakeCache(app);
    await app.cache().put('key', 1);
    await expect(fake.assertHas('other')).rejects.toThrow('Expected the cache to hold "other".');
    await expect(fake.assertHas('key', 2)).rejects.toThrow();
    await expect(fake.assertHas('key', undefined)).rejects.toThrow();
    await expect(fake.assertMissing('key')).rejects.toThrow();
  });

  test('gives the repository of the store it stands for', async () => {
    const fake = fakeCache(app, 'nothing');
    await fake.cache.put('key', 1);
    expect(await app.cache('nothing').get('key')).toBe(1);
    expect(await app.cache().has('key')).toBe(false);
  });

  test('asserts what was written, whatever became of it', async () => {
    const fake = fakeCache(app);
    fake.assertNothingWritten();
    await app.cache().get('read');
    await app.cache().put('gone', 1);
    await app.cache().forget('gone');
    await app.cache().remember('computed', '1m', () => 1);
    await app.cache().namespace('shop').increment('visits');
    for (const key of ['gone', 'computed', 'shop:visits']) fake.assertWritten(key);
    for (const key of ['read', 'visits']) fake.assertNotWritten(key);
    await fake.assertHas('shop:visits', 1);
    expect(() => fake.assertWritten('other')).toThrow(
      'Expected "other" to be written; written were: "gone", "computed", "shop:visits".',
    );
    expect(() => fake.assertNotWritten('gone')).toThrow('Expected "gone" not to be written');
    expect(() => fake.assertNothingWritten()).toThrow('Expected nothing to be written; written');
  });

  test('asserts what was forgotten, by key and by tag', async () => {
    const fake = fakeCache(app);
    await app.cache().put('pulled', 1);
    await app.cache().pull('pulled');
    await app.cache().forgetMany(['a', 'b']);
    await app.cache().put('past', 1, 0);
    await app.cache().tags('users', 'orders').clear();
    for (const key of ['pulled', 'a', 'b', 'past']) fake.assertForgotten(key);
    for (const tag of ['users', 'orders']) fake.assertTagsCleared(tag);
    expect(() => fake.assertForgotten('c')).toThrow(
      'Expected "c" to be forgotten; forgotten were: "pulled", "a", "b", "past".',
    );
    expect(() => fake.assertTagsCleared('a')).toThrow(
      'Expected the tag "a" to be cleared; cleared were: "users", "orders".',
    );
  });

  test('knows nothing of other stores, nor of what was before it', async () => {
    await app.cache().put('before', 1);
    const fake = fakeCache(app);
    await app.cache('nothing').put('elsewhere', 1);
    fake.assertNothingWritten();
    expect(() => fake.assertForgotten('before')).toThrow('forgotten were: none.');
  });

  test.each(['nothing', 'memory'])('asserts which locks of "%s" are held', async (store) => {
    const fake = fakeCache(app, store);
    const lock = app.cache(store).lock('import', '1m');
    await fake.assertNotLocked('import');
    await expect(fake.assertLocked('import')).rejects.toThrow(
      'Expected the lock "import" to be held.',
    );
    await lock.get();
    await fake.assertLocked('import');
    await expect(fake.assertNotLocked('import')).rejects.toThrow(
      'Expected the lock "import" not to be held.',
    );
    await lock.release();
    await fake.assertNotLocked('import');
  });
});

describe('runJobs', () => {
  test('runs what is due on every queue that is known of, and counts the runs', async () => {
    await app.queue().dispatch(Mail, 1);
    await app.queue().dispatch(Report, 2);
    await app.queue().dispatch(Report, 3, { delay: '1h' });
    await app.queue().dispatch(Report, 4, { queue: 'unknown' });
    expect(await app.runJobs()).toBe(2);
    expect(await app.runJobs({ queues: ['unknown'] })).toBe(1);
    expect(handle.mock.calls.map(([payload]: unknown[]) => payload)).toEqual([2, 1, 4]);
  });

  test('runs only the queues it is given', async () => {
    await app.queue().dispatch(Mail, 1);
    await app.queue().dispatch(Report, 2);
    expect(await app.runJobs({ queues: ['mail'] })).toBe(1);
    expect(handle).toHaveBeenCalledWith(1, expect.anything(), expect.anything());
  });

  test('runs what is due later once the test has travelled there', async () => {
    await app.queue().dispatch(Report, 1, { delay: '1h' });
    travel('59m');
    expect(await app.runJobs()).toBe(0);
    travel('1m');
    expect(await app.runJobs()).toBe(1);
  });

  test('runs the jobs of a chain and a batch, and what follows them', async () => {
    await app.queue().chain([job(Mail, 1), job(Report, 2)]);
    await app.queue().batch([job(Mail, 3)], { then: job(Archive, 4) });
    expect(await app.runJobs()).toBe(4);
  });
});
