import { travel, travelTo } from 'trilite/testing';
import type { CacheStore } from '../../src/cache/cache-store';
import { put } from '../helpers/cache';

const NOW = Date.UTC(2026, 0, 1);

/** What every store promises of several entries at once. */
export function testSeveral(store: () => CacheStore): void {
  test('many finds live entries at the places of their keys', async () => {
    await put(store(), 'a', 1);
    await put(store(), 'b', 2, NOW + 1000);
    await put(store(), 'c', undefined);
    travel('1s');
    expect(await store().many(['c', 'missing', 'b', 'a', 'a'])).toEqual([
      { value: undefined },
      undefined,
      undefined,
      { value: 1 },
      { value: 1 },
    ]);
    expect(await store().many([])).toEqual([]);
  });

  test('putMany writes each entry as put does', async () => {
    await put(store(), 'a', 'old', NOW + 1000);
    await store().putMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2, expiresAt: NOW + 1000 },
    ]);
    expect(await store().many(['a', 'b'])).toEqual([{ value: 1 }, { value: 2 }]);
    travel('1s');
    expect(await store().many(['a', 'b'])).toEqual([{ value: 1 }, undefined]);
    await store().putMany([]);
  });

  test('putMany writes all entries or none', async () => {
    const entries = [
      { key: 'a', value: 1 },
      { key: 'b', value: () => undefined },
    ];
    await expect(store().putMany(entries)).rejects.toMatchObject({
      code: 'E_VALUE_NOT_SERIALIZABLE',
    });
    expect(await store().get('a')).toBeUndefined();
  });

  test('forget counts the live entries among those it removes', async () => {
    await put(store(), 'a', 1);
    await put(store(), 'b', 2, NOW + 1000);
    travel('1s');
    expect(await store().forget(['a', 'b', 'missing', 'a'])).toBe(1);
    expect(await store().forget([])).toBe(0);
    expect(await store().get('a')).toBeUndefined();
  });

  test('clear removes what begins with a prefix, and nothing else', async () => {
    const keys = ['a:1', 'a:', 'a:\u{10ffff}x', 'a', 'a;', 'b:1', 'A:1', '%:1', '_:1'];
    await store().putMany(keys.map((key) => ({ key, value: key })));
    await store().clear('a:');
    const left = await store().many(keys);
    expect(keys.filter((_, index) => left[index] !== undefined)).toEqual(keys.slice(3));
    await store().clear('%');
    expect(await store().get('a')).toBeDefined();
  });
}

/** What every store promises of another expiry, and of reading and removing in one. */
export function testTouchAndPull(store: () => CacheStore): void {
  test('touch gives a live entry another expiry', async () => {
    await put(store(), 'key', 'value', NOW + 1000);
    expect(await store().touch('key', NOW + 3000)).toBe(true);
    travel('2s');
    expect(await store().get('key')).toEqual({ value: 'value' });
    travel('1s');
    expect(await store().get('key')).toBeUndefined();
  });

  test('touch lets an entry end sooner, and live for ever', async () => {
    await put(store(), 'sooner', 1, NOW + 5000);
    await put(store(), 'for ever', 1, NOW + 1000);
    expect(await store().touch('sooner', NOW + 1000)).toBe(true);
    expect(await store().touch('for ever', undefined)).toBe(true);
    travelTo(Date.UTC(2400, 0, 1));
    expect(await store().many(['sooner', 'for ever'])).toEqual([undefined, { value: 1 }]);
  });

  test('touch wakes no expired entry, and makes none', async () => {
    await put(store(), 'key', 'value', NOW + 1000);
    travel('1s');
    expect(await store().touch('key', NOW + 9000)).toBe(false);
    expect(await store().touch('missing', undefined)).toBe(false);
    expect(await store().many(['key', 'missing'])).toEqual([undefined, undefined]);
  });

  test('pull returns a live entry and removes it', async () => {
    await put(store(), 'key', undefined);
    expect(await store().pull('key')).toEqual({ value: undefined });
    expect(await store().pull('key')).toBeUndefined();
    await put(store(), 'key', 1, NOW + 1000);
    travel('1s');
    expect(await store().pull('key')).toBeUndefined();
  });

  test('of many who pull at once, one gets the entry', async () => {
    await put(store(), 'key', 'value');
    const pulled = await Promise.all(Array.from({ length: 20 }, () => store().pull('key')));
    expect(pulled.filter((hit) => hit !== undefined)).toEqual([{ value: 'value' }]);
  });
}
