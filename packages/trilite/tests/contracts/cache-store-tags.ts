import { travel } from 'trilite/testing';
import type { CacheStore } from '../../src/cache/cache-store';
import { add, forget, put } from '../helpers/cache';

/** What every store promises of tags. */
export function testTags(store: () => CacheStore): void {
  test('forgetTags forgets every entry with any of the tags, and no other', async () => {
    await put(store(), 'both', 1, { tags: ['t', 'u'] });
    await put(store(), 't', 2, { tags: ['t'] });
    await put(store(), 'u', 3, { tags: ['u'] });
    await put(store(), 'none', 4);
    await store().forgetTags(['t']);
    expect(await store().many(['both', 't', 'u', 'none'])).toEqual([
      undefined,
      undefined,
      { value: 3 },
      { value: 4 },
    ]);
  });

  test('what is put after its tag was cleared lives', async () => {
    await put(store(), 'key', 'old', { tags: ['t'] });
    await store().forgetTags(['t', 'u']);
    await put(store(), 'key', 'new', { tags: ['t'] });
    expect(await store().get('key')).toEqual({ value: 'new' });
  });

  test('an entry has the tags it was put with last', async () => {
    await put(store(), 'retagged', 1, { tags: ['t'] });
    await put(store(), 'retagged', 2, { tags: ['u'] });
    await put(store(), 'untagged', 1, { tags: ['t'] });
    await put(store(), 'untagged', 2);
    await store().forgetTags(['t']);
    expect(await store().many(['retagged', 'untagged'])).toEqual([{ value: 2 }, { value: 2 }]);
    await store().forgetTags(['u']);
    expect(await store().many(['retagged', 'untagged'])).toEqual([undefined, { value: 2 }]);
  });

  test.each<[how: string, change: (store: CacheStore) => Promise<unknown>]>([
    ['increment', (one) => one.increment('key', 1)],
    ['touch', (one) => one.touch('key', undefined)],
  ])('%s leaves an entry its tags', async (_, change) => {
    await put(store(), 'key', 1, { tags: ['t'] });
    await change(store());
    await store().forgetTags(['t']);
    expect(await store().get('key')).toBeUndefined();
  });

  test('increment gives an entry that it makes its tags, and a live one keeps its own', async () => {
    await put(store(), 'cleared', 1, { tags: ['old'] });
    await put(store(), 'live', 1, { tags: ['old'] });
    await store().forgetTags(['old']);
    await put(store(), 'live', 1, { tags: ['own'] });
    const keys = ['missing', 'cleared', 'live'];
    for (const key of keys) await store().increment(key, 5, ['t', 'u']);
    await store().forgetTags(['old']);
    expect(await store().many(keys)).toEqual([{ value: 5 }, { value: 5 }, { value: 6 }]);
    await store().forgetTags(['u']);
    expect(await store().many(keys)).toEqual([undefined, undefined, { value: 6 }]);
    await store().forgetTags(['own']);
    expect(await store().get('live')).toBeUndefined();
  });

  test('to every method an entry that was cleared is as good as none', async () => {
    const keys = ['add', 'increment', 'touch', 'pull', 'forget'];
    await store().putMany(keys.map((key) => ({ key, value: 'old', tags: ['t'] })));
    await store().forgetTags(['t']);
    expect(await add(store(), 'add', 'new')).toBe(true);
    expect(await store().increment('increment', 5)).toBe(5);
    expect(await store().touch('touch', undefined)).toBe(false);
    expect(await store().pull('pull')).toBeUndefined();
    expect(await forget(store(), 'forget')).toBe(false);
    await store().forgetTags(['t']);
    expect(await store().many(keys.slice(0, 2))).toEqual([{ value: 'new' }, { value: 5 }]);
  });

  test('prune removes what was cleared, and contents counts it as dead', async () => {
    await put(store(), 'a', 1, { tags: ['t'] });
    await put(store(), 'b', 1, { tags: ['u'] });
    await store().forgetTags(['t']);
    expect(await store().contents('')).toMatchObject({ entries: 1 });
    travel('1s');
    await store().prune();
    expect(await store().contents('')).toMatchObject({ entries: 1, dead: 0 });
    expect(await store().get('b')).toEqual({ value: 1 });
  });

  test('tags differ by every character', async () => {
    await put(store(), 'key', 1, { tags: ["t'", 'T', 't ', '"t"', 'ü'] });
    await store().forgetTags(['t', 'u']);
    expect(await store().get('key')).toEqual({ value: 1 });
    await store().forgetTags(['ü']);
    expect(await store().get('key')).toBeUndefined();
  });
}
