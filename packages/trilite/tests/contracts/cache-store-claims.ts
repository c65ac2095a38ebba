import { clock } from 'trilite';
import { travel } from 'trilite/testing';
import type { CacheClaim, CacheStore } from '../../src/cache/cache-store';
import { newOwner } from '../../src/support/owner';
import { add, forget, put } from '../helpers/cache';

const OWN = newOwner();
const OTHER = newOwner();

function claimOf(owner: string, more: Partial<CacheClaim> = {}): CacheClaim {
  return { key: 'key', owner, until: clock.now() + 1000, ...more };
}

/** What every store promises of who may compute the value of a key. */
export function testClaims(store: () => CacheStore): void {
  const fill = (owner: string, value: unknown = 'computed'): Promise<boolean> =>
    store().fill({ key: 'key', value }, owner);

  test('of many who claim a key at once, one gets it', async () => {
    const owners = Array.from({ length: 20 }, () => newOwner());
    const answers = await Promise.all(owners.map((owner) => store().claim(claimOf(owner))));
    const states = answers.map(({ state }) => state);
    expect(states.filter((state) => state === 'claimed')).toHaveLength(1);
    expect(states.filter((state) => state === 'taken')).toHaveLength(19);
  });

  test('whoever claims a key that has a value gets the value', async () => {
    await put(store(), 'key', 'there');
    expect(await store().claim(claimOf(OWN))).toEqual({ state: 'found', hit: { value: 'there' } });
  });

  test('fill writes what was computed, once, and ends the claim', async () => {
    await store().claim(claimOf(OWN));
    expect(await store().fill({ key: 'key', value: 1, expiresAt: clock.now() + 500 }, OWN)).toBe(
      true,
    );
    expect(await store().get('key')).toEqual({ value: 1 });
    expect(await fill(OWN)).toBe(false);
    travel('500ms');
    expect(await store().claim(claimOf(OTHER))).toEqual({ state: 'claimed' });
  });

  test('who has no claim fills nothing', async () => {
    expect(await fill(OWN)).toBe(false);
    await store().claim(claimOf(OWN));
    expect(await fill(OTHER)).toBe(false);
    expect(await store().get('key')).toBeUndefined();
    expect(await fill(OWN)).toBe(true);
  });

  test('who is told that a claim is taken can fill in the name of its owner, once', async () => {
    await store().claim(claimOf(OWN));
    expect(await store().claim(claimOf(OTHER))).toEqual({ state: 'taken', owner: OWN });
    expect(await fill(OWN, 'first')).toBe(true);
    expect(await fill(OWN, 'second')).toBe(false);
    expect(await store().get('key')).toEqual({ value: 'first' });
  });

  test('a claim ends when its owner releases it, and not when another one does', async () => {
    await store().claim(claimOf(OWN));
    await store().release('key', OTHER);
    expect(await store().claim(claimOf(OTHER))).toMatchObject({ state: 'taken' });
    await store().release('key', OWN);
    expect(await store().claim(claimOf(OTHER))).toEqual({ state: 'claimed' });
  });

  test('a claim ends with its time, unless its owner claims again', async () => {
    await store().claim(claimOf(OWN));
    travel('999ms');
    expect(await store().claim(claimOf(OTHER))).toMatchObject({ state: 'taken' });
    expect(await store().claim(claimOf(OWN))).toEqual({ state: 'claimed' });
    travel('999ms');
    expect(await store().claim(claimOf(OTHER))).toMatchObject({ state: 'taken' });
    travel('1ms');
    expect(await store().claim(claimOf(OTHER))).toEqual({ state: 'claimed' });
    expect(await fill(OWN)).toBe(false);
    expect(await fill(OTHER)).toBe(true);
  });

  test.each<[how: string, change: (store: CacheStore) => Promise<unknown>]>([
    ['put', (one) => put(one, 'key', 'meanwhile')],
    ['putMany', (one) => one.putMany([{ key: 'key', value: 'meanwhile' }])],
    ['add', (one) => add(one, 'key', 'meanwhile')],
  ])('fill leaves alone what %s wrote meanwhile', async (_, change) => {
    await store().claim(claimOf(OWN));
    await change(store());
    expect(await fill(OWN)).toBe(false);
    expect(await store().get('key')).toEqual({ value: 'meanwhile' });
  });

  test('fill leaves alone what was written meanwhile and has expired since', async () => {
    await store().claim(claimOf(OWN));
    await put(store(), 'key', 'meanwhile', clock.now() + 100);
    travel('100ms');
    expect(await fill(OWN)).toBe(false);
    expect(await store().get('key')).toBeUndefined();
  });

  test('fill leaves alone a number that was counted meanwhile', async () => {
    await store().claim(claimOf(OWN));
    await store().increment('key', 5);
    expect(await fill(OWN)).toBe(false);
    expect(await store().get('key')).toEqual({ value: 5 });
  });

  test.each<[how: string, change: (store: CacheStore) => Promise<unknown>]>([
    ['forget', (one) => forget(one, 'key')],
    ['pull', (one) => one.pull('key')],
    ['clear', (one) => one.clear('k')],
  ])('what was computed before %s is not written after it', async (_, change) => {
    await store().claim(claimOf(OWN));
    await change(store());
    expect(await fill(OWN)).toBe(false);
    expect(await store().get('key')).toBeUndefined();
    expect(await store().claim(claimOf(OTHER))).toEqual({ state: 'claimed' });
  });

  test.each<[how: string, change: (store: CacheStore) => Promise<unknown>]>([
    ['forgotten', (one) => forget(one, 'key')],
    ['cleared', (one) => one.clear('k')],
    ['put and forgotten', (one) => put(one, 'key', 1).then(() => forget(one, 'key'))],
  ])('an owner that claims again after its key was %s fills nothing', async (_, change) => {
    await store().claim(claimOf(OWN));
    await change(store());
    await store().claim(claimOf(OWN));
    expect(await fill(OWN)).toBe(false);
    expect(await store().get('key')).toBeUndefined();
  });

  test.each<[how: string, end: (store: CacheStore) => Promise<unknown>]>([
    ['gave it up', (one) => one.release('key', OTHER)],
    ['filled the key, and that was forgotten', (one) => fill(OTHER).then(() => forget(one, 'key'))],
  ])('a claim that another took over and %s is not renewed', async (_, end) => {
    await store().claim(claimOf(OWN));
    await forget(store(), 'key');
    expect(await store().claim(claimOf(OTHER))).toEqual({ state: 'claimed' });
    await end(store());
    expect(await store().claim(claimOf(OWN, { renewal: true }))).toMatchObject({ state: 'taken' });
    expect(await fill(OWN)).toBe(false);
    expect(await store().get('key')).toBeUndefined();
    expect(await store().claim(claimOf(OTHER))).toEqual({ state: 'claimed' });
  });

  test('a claim that nobody else took is renewed by its owner', async () => {
    await store().claim(claimOf(OWN));
    travel('1s');
    expect(await store().claim(claimOf(OWN, { renewal: true }))).toEqual({ state: 'claimed' });
    expect(await store().claim(claimOf(OTHER))).toMatchObject({ state: 'taken' });
    expect(await fill(OWN)).toBe(true);
  });

  test('what was computed before its tag was cleared is not written after it', async () => {
    await store().claim(claimOf(OWN));
    await store().forgetTags(['t']);
    expect(await store().fill({ key: 'key', value: 'computed', tags: ['t'] }, OWN)).toBe(false);
    expect(await store().get('key')).toBeUndefined();
    await store().claim(claimOf(OTHER));
    expect(await store().fill({ key: 'key', value: 'computed', tags: ['t'] }, OTHER)).toBe(true);
    expect(await store().get('key')).toEqual({ value: 'computed' });
  });

  test('a stale value is claimed for a refresh alone, and stays until it is filled', async () => {
    await put(store(), 'key', 'stale', { staleAt: clock.now() });
    expect(await store().claim(claimOf(OWN))).toMatchObject({ state: 'found' });
    expect(await store().claim(claimOf(OWN, { refresh: true }))).toEqual({ state: 'claimed' });
    expect(await store().claim(claimOf(OTHER, { refresh: true }))).toMatchObject({
      state: 'taken',
    });
    expect(await store().get('key')).toMatchObject({ value: 'stale' });
    expect(await fill(OWN, 'fresh')).toBe(true);
    expect(await store().get('key')).toEqual({ value: 'fresh' });
  });

  test('a value that is not yet stale is not claimed for a refresh', async () => {
    await put(store(), 'key', 'fresh', { staleAt: clock.now() + 1000 });
    expect(await store().claim(claimOf(OWN, { refresh: true }))).toMatchObject({ state: 'found' });
  });

  test('a stale value that expires meanwhile is filled all the same', async () => {
    await put(store(), 'key', 'stale', { staleAt: clock.now(), expiresAt: clock.now() + 500 });
    await store().claim(claimOf(OWN, { refresh: true }));
    travel('500ms');
    expect(await fill(OWN, 'fresh')).toBe(true);
    expect(await store().get('key')).toEqual({ value: 'fresh' });
  });

  test('keys are claimed apart', async () => {
    await store().claim(claimOf(OWN));
    expect(await store().claim(claimOf(OTHER, { key: 'other' }))).toEqual({ state: 'claimed' });
  });
}
