import { RedisCacheStore } from '../../../src/cache/redis/redis-cache-store';
import { RedisConnection } from '../../../src/cache/redis/redis-connection';
import { RedisLockStore } from '../../../src/cache/redis/redis-lock-store';
import { RedisRateLimitStore } from '../../../src/cache/redis/redis-rate-limit-store';
import { nextTurn } from '../../../src/support/clock';
import { errorCode } from '../../../src/support/errors';
import { lockRequest } from '../../contracts/lock-store';
import { useRedisServer, type RedisPlace } from '../../helpers/redis-server';

const UNAVAILABLE = { code: 'E_CACHE_UNAVAILABLE', message: expect.stringContaining('"redis"') };

const server = useRedisServer();
let place: RedisPlace;
let store: RedisCacheStore;

function open(differences?: { readonly timeoutMs: number }): void {
  place = server.place(differences);
  store = new RedisCacheStore(place.connection, place.keys);
}

/** What a store answers once it does. */
async function onceItAnswers<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (errorCode(error) !== 'E_CACHE_UNAVAILABLE') throw error;
      await nextTurn();
    }
  }
}

afterEach(() => store.close());

describe('a server that is killed', () => {
  afterEach(async () => {
    await server.kill();
    await server.start();
  });

  test('fails what is under way and what comes after it, and is used again once it is back', async () => {
    open();
    await store.put({ key: 'key', value: 1 });
    const underWay = Array.from({ length: 50 }, () => store.increment('key', 1));
    const settled = Promise.allSettled(underWay);
    await server.kill();
    for (const outcome of await settled) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(UNAVAILABLE);
    }
    for (let call = 0; call < 3; call += 1) {
      await expect(store.get('key')).rejects.toMatchObject(UNAVAILABLE);
    }
    await server.start();
    expect(await onceItAnswers(() => store.get('key'))).toBeUndefined();
    const written = store.put({ key: 'key', value: 2 });
    expect(await store.get('key')).toEqual({ value: 2 });
    await written;
    expect(await store.increment('key', 1)).toBe(3);
  });

  test('fails every kind of call, and locks and rate limits too', async () => {
    open();
    await store.get('key');
    await server.kill();
    const locks = new RedisLockStore(place.connection, place.keys);
    const limits = new RedisRateLimitStore(place.connection, place.keys);
    const calls = [
      () => store.many(['key']),
      () => store.put({ key: 'key', value: 1 }),
      () => store.claim({ key: 'key', owner: 'me', until: 1 }),
      () => store.clear(''),
      () => store.contents(''),
      () => store.counts(),
      () => locks.acquire(lockRequest()),
      () => locks.held(),
      () => limits.hit('key', 1000, 1),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject(UNAVAILABLE);
  });

  test('holds up no close', async () => {
    open();
    await store.get('key');
    await server.kill();
    await store.close();
    await store.close();
  });
});

describe('a server that hangs', () => {
  afterEach(() => {
    server.signal('SIGCONT');
  });

  test('fails a call after the timeout, and is used again once it answers', async () => {
    open({ timeoutMs: 100 });
    await store.put({ key: 'key', value: 1 });
    server.signal('SIGSTOP');
    await expect(store.get('key')).rejects.toMatchObject(UNAVAILABLE);
    server.signal('SIGCONT');
    expect(await onceItAnswers(() => store.get('key'))).toEqual({ value: 1 });
  });

  test('is called by another connection after it, for a server that is gone never answers on the old one', async () => {
    open({ timeoutMs: 100 });
    const id = await place.connection.send('CLIENT', 'ID');
    server.signal('SIGSTOP');
    await expect(store.get('key')).rejects.toMatchObject(UNAVAILABLE);
    server.signal('SIGCONT');
    expect(await onceItAnswers(() => place.connection.send('CLIENT', 'ID'))).not.toBe(id);
  });

  test('holds up no close beyond the timeout', async () => {
    open({ timeoutMs: 100 });
    await store.get('key');
    server.signal('SIGSTOP');
    await store.close();
  });
});

describe('a server that refuses', () => {
  afterEach(async () => {
    await server.kill();
    await server.start();
  });

  test.each<[what: string, ...setting: string[]]>([
    ['READONLY', 'REPLICAOF', '127.0.0.1', '1'],
    ['OOM', 'CONFIG', 'SET', 'maxmemory', '1'],
    ['NOAUTH', 'CONFIG', 'SET', 'requirepass', 'secret'],
  ])('with %s fails a write', async (what, ...setting) => {
    const [command = '', ...values] = setting;
    open();
    await place.connection.send(command, ...values);
    open();
    await expect(store.put({ key: 'key', value: 1 })).rejects.toMatchObject({
      ...UNAVAILABLE,
      message: expect.stringContaining(what),
    });
  });
});

describe('a connection', () => {
  test('that was never used is closed, twice', async () => {
    open();
    await store.close();
    await store.close();
    await expect(store.get('key')).rejects.toMatchObject(UNAVAILABLE);
  });

  test('is closed after what was asked for before', async () => {
    open();
    await store.get('key');
    const written = store.put({ key: 'key', value: 1 });
    await store.close();
    await expect(written).resolves.toBeUndefined();
  });

  test('to a wrong password fails without telling the right one, or the wrong', async () => {
    open();
    await place.connection.send('CONFIG', 'SET', 'requirepass', 'right');
    const url = server.url.replace('//', '//:wrong@');
    const wrong = new RedisConnection({ store: 'redis', url, timeoutMs: 5000 });
    const failure: unknown = await wrong.send('GET', 'key').catch((error: unknown) => error);
    expect(failure).toMatchObject(UNAVAILABLE);
    expect(String(failure)).not.toMatch(/wrong@|right/);
    await wrong.close();
    const right = server.url.replace('//', '//:right@');
    const connection = new RedisConnection({ store: 'redis', url: right, timeoutMs: 5000 });
    await connection.send('CONFIG', 'SET', 'requirepass', '');
    await connection.close();
  });

  test('to the database of the url does not see the others', async () => {
    open();
    await store.put({ key: 'key', value: 1 });
    const url = `${server.url}/1`;
    const connection = new RedisConnection({ store: 'redis', url, timeoutMs: 5000 });
    const other = new RedisCacheStore(connection, place.keys);
    expect(await other.get('key')).toBeUndefined();
    await other.close();
  });

  test('whose server forgot its scripts tells it them again', async () => {
    open();
    await store.increment('key', 1);
    await place.connection.send('SCRIPT', 'FLUSH');
    expect(await store.increment('key', 1)).toBe(2);
  });

  test('without ioredis says what to install', async () => {
    open();
    jest.doMock('ioredis', () => {
      throw Object.assign(new Error("Cannot find module 'ioredis'"), { code: 'MODULE_NOT_FOUND' });
    });
    await expect(store.get('key')).rejects.toMatchObject({
      code: 'E_CACHE_DRIVER_NOT_INSTALLED',
      help: 'Run "npm install ioredis".',
    });
    jest.dontMock('ioredis');
  });
});
