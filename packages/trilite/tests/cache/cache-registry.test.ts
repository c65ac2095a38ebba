import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CacheRegistry, type CacheEvent, type CacheRepository } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { MemoryCacheStore } from '../../src/cache/stores/memory-cache-store';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;
let events: CacheEvent[];

async function start(stores: string, more = ''): Promise<void> {
  project = createProject({
    'config/cache.js': exportDefault(`{ default: 'main', ${more} stores: ${stores} }`),
  });
  app = await createTestApplication({ basePath: project.path });
  events = [];
  app.caches.events.listen((event) => events.push(event));
}

afterEach(async () => {
  await app.close();
  project.remove();
});

const SQLITE = "{ driver: 'sqlite', connection: 'cache' }";

/** The keys in the cache file as they lie there. */
async function keysInFile(connection = 'cache'): Promise<unknown> {
  return app.connections
    .connection(connection)
    .read((handle) => handle.statement('select key from cache_entries order by key').pluck().all());
}

describe('a store', () => {
  test('is found by its name, and the default one without', async () => {
    await start(`{ main: ${SQLITE}, fast: { driver: 'memory' } }`);
    await app.cache().put('key', 'main');
    await app.cache('fast').put('key', 'fast');
    expect(await app.caches.store('main').get('key')).toBe('main');
    expect(await app.caches.store().get('key')).toBe('main');
    expect(await app.caches.store('fast').get('key')).toBe('fast');
    expect(app.caches.names).toEqual(['main', 'fast']);
    expect(app.make(CacheRegistry)).toBe(app.caches);
  });

  test.each(['nothing', 'toString', '__proto__', ''])('of the name %p is unknown', async (name) => {
    await start(`{ main: ${SQLITE} }`);
    const unknown = expect.objectContaining({
      code: 'E_CACHE_STORE_UNKNOWN',
      message: `The cache store "${name}" is not declared; there are: main.`,
    });
    expect(() => app.cache(name)).toThrow(unknown);
    expect(() => app.caches.driver(name)).toThrow(unknown);
    expect(() => app.caches.prefixOf(name)).toThrow(unknown);
  });

  test('of a custom driver is made once by the factory that a provider added', async () => {
    project = createProject({
      'config/cache.js': exportDefault(
        `{ default: 'main', stores: { main: { driver: 'custom', name: 'own', options: { size: 5 } } } }`,
      ),
      'config/app.js': `
        const { CacheRegistry, MemoryCacheStore, Provider } = require('trilite');
        const given = [];
        class OwnDriver extends Provider {
          boot(resolver) {
            resolver.make(CacheRegistry).extend('own', (facts) => {
              given.push(facts);
              return new MemoryCacheStore({ maxBytes: 1000, maxEntries: 10 });
            });
          }
        }
        exports.given = given;
        exports.default = { providers: [OwnDriver] };`,
    });
    app = await createTestApplication({ basePath: project.path });
    await app.cache().put('key', 1);
    expect(await app.cache().get('key')).toBe(1);
    const { given } = jest.requireActual<{ given: unknown }>(join(project.path, 'config/app.js'));
    expect(given).toEqual([{ name: 'main', options: { size: 5 } }]);
  });

  test('of a custom driver that nobody added is refused at boot', async () => {
    await start(`{ main: ${SQLITE} }`);
    await app.close();
    project.remove();
    const without = start(`{ main: { driver: 'custom', name: 'own' } }`);
    await expect(without).rejects.toMatchObject({
      code: 'E_CACHE_DRIVER_UNKNOWN',
      message: expect.stringContaining('none was added') as string,
    });
  });

  test('is replaced for whoever holds its repository', async () => {
    await start(`{ main: ${SQLITE} }`);
    const held = app.cache();
    await held.put('key', 'real');
    app.caches.use('main', new MemoryCacheStore({ maxBytes: 1000, maxEntries: 10 }));
    expect(await held.get('key')).toBeUndefined();
    await held.put('key', 'fake');
    expect(await app.cache().get('key')).toBe('fake');
    expect(await keysInFile()).toEqual(['key']);
  });
});

describe('a prefix', () => {
  test('is that of the store, or the common one, and a tiered store has that of the one below', async () => {
    await start(
      `{
        main: ${SQLITE},
        own: { driver: 'sqlite', connection: 'cache', prefix: 'own:' },
        tiered: { driver: 'tiered', store: 'own' },
      }`,
      "prefix: 'app:',",
    );
    await app.cache().put('a', 1);
    await app.cache('own').put('b', 2);
    await app.cache('tiered').put('c', 3);
    expect(await keysInFile()).toEqual(['app:a', 'own:b', 'own:c']);
    expect(await app.cache('own').get('c')).toBe(3);
  });

  test('keeps two stores in one file apart: entries, tags, clear and contents', async () => {
    await start(`{
      main: { driver: 'sqlite', connection: 'cache', prefix: 'a:' },
      other: { driver: 'sqlite', connection: 'cache', prefix: 'b:' },
    }`);
    const [main, other] = [app.cache('main'), app.cache('other')];
    await main.tags('t').put('key', 'of main');
    await other.tags('t').put('key', 'of other');
    expect(await main.get('key')).toBe('of main');
    await main.tags('t').clear();
    expect(await other.get('key')).toBe('of other');
    await main.put('key', 1);
    await other.clear();
    expect([await main.get('key'), await other.get('key')]).toEqual([1, undefined]);
    expect((await app.caches.driver('other').contents('b:')).entries).toBe(0);
    expect((await app.caches.driver('main').contents('a:')).entries).toBe(1);
  });

  test('is left away where events tell of keys', async () => {
    await start(
      `{ main: { driver: 'sqlite', connection: 'cache', maxEntries: 20 } }`,
      "prefix: 'app:',",
    );
    const cache: CacheRepository = app.cache();
    await cache.put('a', 1);
    await cache.get('a');
    await cache.get('b');
    await cache.putMany({ c: 1, d: 2 });
    await cache.pull('c');
    await cache.forget('d');
    await cache.tags('t').clear();
    await cache.clear();
    const store = 'main';
    expect(events).toEqual([
      { kind: 'written', store, keys: ['a'] },
      { kind: 'hit', store, key: 'a' },
      { kind: 'miss', store, key: 'b' },
      { kind: 'written', store, keys: ['c', 'd'] },
      { kind: 'hit', store, key: 'c' },
      { kind: 'forgotten', store, keys: ['c'] },
      { kind: 'forgotten', store, keys: ['d'] },
      { kind: 'tags-cleared', store, tags: ['t'] },
      { kind: 'cleared', store },
    ]);
    events.length = 0;
    for (let index = 0; index < 40; index += 1) await cache.put(`key ${index}`, index);
    const evicted = events.flatMap((event) => (event.kind === 'evicted' ? event.keys : []));
    expect(evicted).toContain('key 0');
    expect(evicted.filter((key) => key.startsWith('app:'))).toEqual([]);
  });
});

describe('counts', () => {
  test('are handed over when an application closes, and added up for all', async () => {
    await start(`{ main: ${SQLITE} }`);
    const use = async (one: TestApplication): Promise<void> => {
      await one.cache().put('a', 1);
      await one.cache().get('a');
      await one.cache().get('a');
      await one.cache().get('missing');
      await one.cache().forget('a');
    };
    await use(app);
    expect(await app.caches.driver().counts()).toMatchObject({ hits: 0, misses: 0 });
    await app.caches.flush();
    const expected = { hits: 2, misses: 1, writes: 1, forgets: 1, evictions: 0, errors: 0 };
    expect(await app.caches.driver().counts()).toEqual(expected);
    await app.caches.flush();
    expect(await app.caches.driver().counts()).toEqual(expected);
    await use(app);
    await app.caches.close();
    expect(await app.caches.driver().counts()).toMatchObject({ hits: 4, misses: 2, writes: 2 });
    await app.caches.close();
    expect(await app.caches.driver().counts()).toMatchObject({ hits: 4, misses: 2, writes: 2 });
  });

  test('are kept apart for stores in one file, and are no entries', async () => {
    await start(`{
      main: { driver: 'sqlite', connection: 'cache', prefix: 'a:' },
      other: { driver: 'sqlite', connection: 'cache', prefix: 'b:' },
    }`);
    await app.cache('main').get('a');
    await app.cache('other').put('a', 1);
    await app.caches.flush();
    expect(await app.caches.driver('main').counts()).toMatchObject({ misses: 1, writes: 0 });
    expect(await app.caches.driver('other').counts()).toMatchObject({ misses: 0, writes: 1 });
    await app.cache('main').clear();
    expect(await app.caches.driver('main').counts()).toMatchObject({ misses: 1 });
  });

  test('of errors are handed over when the store answers again', async () => {
    await start(`{ main: ${SQLITE} }`);
    writeFileSync(join(app.storagePath, 'cache.sqlite'), 'damaged');
    await app.cache().get('a');
    await app.caches.flush();
    expect(await app.caches.driver().counts()).toMatchObject({ errors: 1, misses: 1 });
  });
});

describe('a damaged file of an application', () => {
  test('is made anew, and told', async () => {
    await start(`{ main: ${SQLITE} }`);
    writeFileSync(join(app.storagePath, 'cache.sqlite'), 'damaged');
    expect(await app.cache().get('a', 'a miss')).toBe('a miss');
    await app.cache().put('a', 1);
    expect(await app.cache().get('a')).toBe(1);
    const kinds = events.map(({ kind }) => kind);
    expect(kinds).toEqual(['recreated', 'unavailable', 'miss', 'written', 'hit']);
    const kept = readdirSync(app.storagePath).filter((name) => name.includes('.damaged-'));
    expect(events[0]).toEqual({
      kind: 'recreated',
      store: 'main',
      kept: join(app.storagePath, kept[0] ?? 'nothing'),
    });
  });

  test('stays where data lies in it too', async () => {
    await start(`{ main: { driver: 'sqlite', connection: 'default' } }`);
    const file = join(app.storagePath, 'database.sqlite');
    writeFileSync(file, 'damaged data');
    expect(await app.cache().get('a', 'a miss')).toBe('a miss');
    expect(await app.cache().remember('a', '1h', () => 'computed')).toBe('computed');
    await app.cache().put('a', 1);
    expect(readFileSync(file, 'utf8')).toBe('damaged data');
    expect(events.filter(({ kind }) => kind === 'recreated')).toEqual([]);
  });

  test.each(['cache', 'default', 'queue'])(
    'on the connection "%s" is made anew only where it holds caches alone',
    async (connection) => {
      await start(`{ main: { driver: 'sqlite', connection: '${connection}' } }`);
      const { file } = app.connections.connection(connection);
      writeFileSync(file, 'damaged');
      await app.cache().get('a');
      expect(events.some(({ kind }) => kind === 'recreated')).toBe(connection === 'cache');
    },
  );

  test('that holds the locks too stays', async () => {
    await start(`{ main: ${SQLITE} }`, "lockConnection: 'cache',");
    const { file } = app.connections.connection('cache');
    writeFileSync(file, 'damaged');
    expect(await app.cache().get('a')).toBeUndefined();
    expect(readFileSync(file, 'utf8')).toBe('damaged');
  });
});
