import { existsSync } from 'node:fs';
import * as fc from 'fast-check';
import { clock } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import type { CacheClaim } from '../../../src/cache/cache-store';
import { VALUE_BYTES } from '../../../src/cache/cache-value';
import { RedisCacheStore } from '../../../src/cache/redis/redis-cache-store';
import { newOwner, thisProcess } from '../../../src/support/owner';
import { testCacheStore } from '../../contracts/cache-store';
import { useRedisServer, type RedisPlace } from '../../helpers/redis-server';

const server = useRedisServer();

function storeAt({ connection, keys }: RedisPlace): RedisCacheStore {
  return new RedisCacheStore(connection, keys);
}

testCacheStore('RedisCacheStore', async () => {
  const store = storeAt(server.place());
  return { store, close: () => store.close() };
});

describe('a RedisCacheStore', () => {
  let place: RedisPlace;
  let store: RedisCacheStore;

  beforeEach(() => {
    place = server.place();
    store = storeAt(place);
  });

  afterEach(async () => {
    travelBack();
    await store.close();
  });

  function send(command: string, ...values: string[]): Promise<unknown> {
    return place.connection.send(command, ...values);
  }

  test('sees its own writes although they are not awaited', async () => {
    const written = [store.put({ key: 'key', value: 1 }), store.put({ key: 'key', value: 2 })];
    expect(await store.get('key')).toEqual({ value: 2 });
    await Promise.all(written);
  });

  test('keeps everything below its namespace, and clears nothing else', async () => {
    const other = storeAt(server.place());
    for (const one of [store, other]) {
      await one.put({ key: 'key', value: 1, tags: ['t'] });
      await one.claim({ key: 'claimed', owner: newOwner(), until: clock.now() + 1000 });
    }
    await store.clear('');
    expect(await store.get('key')).toBeUndefined();
    expect(await other.get('key')).toEqual({ value: 1 });
    await store.forgetTags(['t']);
    expect(await other.get('key')).toEqual({ value: 1 });
    expect(await other.claim(claimOf('claimed'))).toMatchObject({ state: 'taken' });
  });

  test.each(['*', '?', '[a-z]', '\\', '^', 'ä*', '{a,b}'])(
    'clears below the prefix %p to the letter',
    async (prefix) => {
      await store.put({ key: `${prefix}key`, value: 1 });
      await store.put({ key: 'key', value: 2 });
      expect((await store.contents(prefix)).entries).toBe(1);
      await store.clear(prefix);
      expect(await store.many([`${prefix}key`, 'key'])).toEqual([undefined, { value: 2 }]);
    },
  );

  test('clears, prunes and lists more entries than fit in a piece', async () => {
    const keys = Array.from({ length: 3000 }, (_, index) => `key ${index}`);
    travelTo(1000);
    await store.putMany(keys.map((key) => ({ key, value: 1, expiresAt: 2000 })));
    expect((await store.contents('')).entries).toBe(3000);
    travel('1s');
    expect(await store.prune()).toBe(3000);
    await store.putMany(keys.map((key) => ({ key, value: 1 })));
    expect(await store.forget(keys.slice(1000))).toBe(2000);
    await store.clear('key');
    expect((await store.contents('')).entries).toBe(0);
  });

  test('has the server free what expires, not before it expires, and keep what does not', async () => {
    const { entry } = place.keys;
    const ttlOf = (key: string): Promise<unknown> => send('PTTL', entry.call(place.keys, key));
    await store.put({ key: 'short', value: 1, expiresAt: clock.now() + 60_000 });
    await store.put({ key: 'for ever', value: 1 });
    await store.increment('short', 1);
    expect(await ttlOf('short')).toBeGreaterThan(60_000);
    expect(await ttlOf('for ever')).toBe(-1);
    await store.touch('short', undefined);
    await store.touch('for ever', clock.now() + 60_000);
    expect(await ttlOf('short')).toBe(-1);
    expect(await ttlOf('for ever')).toBeGreaterThan(60_000);
  });

  test('adds numbers as JavaScript does', async () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc.asyncProperty(double, double, async (first, by) => {
        await store.put({ key: 'number', value: first });
        expect(await store.increment('number', by)).toBe(first + by);
        expect(await store.get('number')).toStrictEqual({ value: first + by });
      }),
      { numRuns: 500, examples: [[-0, -0], [1e308, 1e308], [-1e308, -1e308], [5e-324, 5e-324]] }, // prettier-ignore
    );
  });

  test('writes a sum in as few digits as tell it from others', async () => {
    await store.put({ key: 'number', value: 0.25 });
    await store.increment('number', 0.05);
    const packed = (await send('GET', place.keys.entry('number'))) as Buffer;
    expect(packed.toString('latin1')).toMatch(/0\.3$/);
  });

  test('keeps a value of 64 MB, and gives back a large one', async () => {
    await store.put({ key: 'largest', value: 'x'.repeat(VALUE_BYTES - 2) });
    expect((await store.contents('')).bytes).toBe('largest'.length + VALUE_BYTES);
    // Not that one: after so large a reply ioredis holds up the end of the process for seconds
    const value = 'ä'.repeat(40 * 1024);
    await store.put({ key: 'large', value, tags: ['t'] });
    expect((await store.pull('large'))?.value === value).toBe(true);
  });

  test('finds no tagged entry once the server lost when tags were cleared', async () => {
    await store.put({ key: 'cleared', value: 1, tags: ['t'] });
    await store.forgetTags(['t']);
    await store.put({ key: 'tagged', value: 2, tags: ['t'] });
    await store.put({ key: 'plain', value: 3 });
    await send('DEL', place.keys.tags);
    const keys = ['cleared', 'tagged', 'plain'];
    expect(await store.many(keys)).toEqual([undefined, undefined, { value: 3 }]);
    await store.put({ key: 'new', value: 4, tags: ['t'] });
    expect(await store.many([...keys, 'new'])).toEqual([undefined, undefined, { value: 3 }, { value: 4 }]); // prettier-ignore
    expect(await store.get('tagged')).toBeUndefined();
  });

  test('forgets cleared tags when it prunes, and what was claimed before them stays outdated', async () => {
    const owner = newOwner();
    await store.claim({ key: 'claimed', owner, until: clock.now() + 60_000 });
    await store.put({ key: 'live', value: 1, tags: ['live'] });
    await store.put({ key: 'dead', value: 1, tags: ['dead'] });
    await store.forgetTags(['dead', ...Array.from({ length: 2000 }, (_, index) => `tag ${index}`)]);
    expect(await store.prune()).toBe(1);
    expect(await send('HKEYS', place.keys.tags)).toHaveLength(3);
    expect(await store.get('live')).toEqual({ value: 1 });
    expect(await store.fill({ key: 'claimed', value: 1, tags: ['dead'] }, owner)).toBe(false);
    await store.forgetTags(['live']);
    expect(await store.get('live')).toBeUndefined();
  });

  test('fill says that it wrote nothing when a tag was cleared meanwhile', async () => {
    const claim = claimOf('key');
    await store.claim(claim);
    await store.forgetTags(['t']);
    expect(await store.fill({ key: 'key', value: 1, tags: ['t'] }, claim.owner)).toBe(false);
  });

  // Without /proc nobody can tell that a process is gone
  (existsSync('/proc/self/stat') ? test : test.skip)(
    'a claim of a process that is gone is given to who asks next',
    async () => {
      const gone = `${thisProcess().replace(/[^/]*$/, '1')}/x`;
      await store.claim({ ...claimOf('key'), owner: gone });
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => store.claim(claimOf('key'))),
      );
      expect(answers.filter(({ state }) => state === 'claimed')).toHaveLength(1);
      expect(await store.fill({ key: 'key', value: 1 }, gone)).toBe(false);
    },
  );

  test('says so when a value is not what it wrote', async () => {
    await store.put({ key: 'key', value: 1 });
    await send('APPEND', place.keys.entry('key'), '{broken');
    await expect(store.get('key')).rejects.toMatchObject({ code: 'E_VALUE_NOT_READABLE' });
  });
});

function claimOf(key: string): CacheClaim {
  return { key, owner: newOwner(), until: clock.now() + 60_000 };
}
