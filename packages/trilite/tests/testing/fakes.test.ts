import { join } from 'node:path';
import { defineCacheKeys, CacheRepository, QueueDispatcher } from 'trilite';
import { createTestApplication, fakeCache, fakeQueue, type TestApplication } from 'trilite/testing';
import { jobOf } from '../helpers/jobs';

const basePath = join(__dirname, '../fixtures/crash-app');
const handle = jest.fn();
const Mail = jobOf(handle, { name: 'Mail', options: { queue: 'mail' } });
const Report = jobOf(handle, { name: 'Report' });

let app: TestApplication;

beforeEach(async () => {
  app = await createTestApplication({ basePath, jobs: [Mail, Report] });
  handle.mockReset();
});

afterEach(() => app.close());

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
  test('runs what is due and counts the runs', async () => {
    await app.queue().dispatch(Mail, 1);
    await app.queue().dispatch(Report, 2);
    await app.queue().dispatch(Report, 3, { delay: '1h' });
    expect(await app.runJobs()).toBe(1);
    expect(await app.runJobs({ queues: ['mail'] })).toBe(1);
    expect(handle.mock.calls.map(([payload]: unknown[]) => payload)).toEqual([2, 1]);
  });
});
