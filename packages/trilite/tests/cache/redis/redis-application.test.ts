import { createApplication, type Application } from 'trilite';
import { createTestApplication } from 'trilite/testing';
import { FrameworkError } from '../../../src/support/errors';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';
import { useRedisServer } from '../../helpers/redis-server';

const server = useRedisServer();
let project: TestProject;
let app: Application | undefined;
let namespaces = 0;

afterEach(async () => {
  await app?.close();
  app = undefined;
  project.remove();
});

/** An application with a file `config/cache.ts` that declares stores and more. */
async function boot(stores: string, more = ''): Promise<Application> {
  project = createProject({
    'config/cache.js': exportDefault(`{ default: 'redis', ${more} stores: ${stores} }`),
  });
  app = await createApplication({ basePath: project.path, env: { APP_ENV: 'testing' } });
  return app;
}

function redisStore(options = '', url = server.url): string {
  return `{ driver: 'redis', url: '${url}', namespace: 'application ${(namespaces += 1)}:', ${options} }`;
}

test('a store of driver redis is a cache as any other', async () => {
  const { caches } = await boot(`{ redis: ${redisStore("prefix: 'shop:'")} }`);
  const cache = caches.store();
  await cache.put('key', new Map([['a', 1n]]), '1h');
  expect(await cache.get('key')).toEqual(new Map([['a', 1n]]));
  expect(await caches.driver().get('shop:key')).toBeDefined();
  await caches.flush();
  expect(await caches.driver().counts()).toMatchObject({ hits: 1, writes: 1 });
});

test('the locks of a repository on a server are kept there', async () => {
  const { caches } = await boot(`{ redis: ${redisStore()} }`);
  expect(await caches.store().lock('name', '1m').get()).toBe(true);
  expect(await caches.redis('redis').locks.held()).toMatchObject([{ name: 'name' }]);
});

test('with "lockStore" all locks and rate limits are kept on the server', async () => {
  const stores = `{ redis: ${redisStore()}, memory: { driver: 'memory' } }`;
  const { caches, locks, limiter } = await boot(stores, "lockStore: 'redis', prefix: 'shop:',");
  expect(await locks.lock('name', '1m').get()).toBe(true);
  await limiter.hit('key', '1m');
  const { locks: lockStore, limits } = caches.redis('redis');
  expect(await lockStore.held()).toMatchObject([{ name: 'shop:name' }]);
  expect(await limits.find('shop:key:key')).toMatchObject({ hits: 1 });
});

test('a server that does not answer makes misses, and no errors', async () => {
  const { caches } = await boot(`{ redis: ${redisStore('', 'redis://127.0.0.1:1')} }`);
  const cache = caches.store();
  const seen: string[] = [];
  caches.events.listen((event) => seen.push(event.kind));
  await cache.put('key', 1);
  expect(await cache.get('key', 'fallback')).toBe('fallback');
  expect(await cache.remember('key', '1h', () => 'computed')).toBe('computed');
  expect(seen).toContain('unavailable');
});

test('a failover store goes on elsewhere', async () => {
  const { caches } = await boot(`{
    redis: { driver: 'failover', stores: ['server', 'memory'] },
    server: ${redisStore('', 'redis://127.0.0.1:1')},
    memory: { driver: 'memory' },
  }`);
  await caches.store().put('key', 1);
  expect(await caches.store().get('key')).toBe(1);
});

test.each<[what: string, config: () => string, message: string | RegExp]>([
  ['an address that is none', () => redisStore('', 'http://localhost'), '"stores.redis.url"'],
  ['no time to answer', () => redisStore("timeout: '0ms'"), 'expected at least "1ms"'],
  [
    'namespaces of which one begins with the other',
    () => `${redisStore("namespace: 'a:'")}, other: ${redisStore("namespace: 'a:b:'")}`,
    '"stores.other.namespace": found \'a:b:\'',
  ],
])('config refuses %s', async (_, config, message) => {
  const refusal: unknown = await boot(`{ redis: ${config()} }`).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'E_CONFIG_INVALID' });
  expect((refusal as FrameworkError).message).toContain(message);
});

test('config refuses a "lockStore" of another driver', async () => {
  const stores = `{ redis: ${redisStore()}, memory: { driver: 'memory' } }`;
  await expect(boot(stores, "lockStore: 'memory',")).rejects.toMatchObject({
    code: 'E_CONFIG_INVALID',
    message: expect.stringContaining('a store of driver "redis"'),
  });
});

test('an application for a test meets nothing that others keep on the server, and leaves nothing there', async () => {
  const development = await boot(`{ redis: ${redisStore()} }`);
  await development.cache().put('marker', 'of development');
  const test = await createTestApplication({ basePath: project.path });
  expect(await test.cache().has('marker')).toBe(false);
  await test.cache().put('left', 1);
  await test.cache().clear();
  await test.cache().put('left', 1);
  await test.close();
  expect(await development.cache().get('marker')).toBe('of development');
  const { connection } = server.place();
  expect(await connection.send('KEYS', '*left*')).toEqual([]);
});

test('"cache:locks --store" lists the locks of a repository on a server', async () => {
  const { caches } = await boot(`{ redis: ${redisStore()} }`);
  const lock = caches.store().lock('report', '1m');
  await lock.get();
  expect(await caches.locks('redis').held()).toMatchObject([{ name: 'report' }]);
  await lock.release();
});
