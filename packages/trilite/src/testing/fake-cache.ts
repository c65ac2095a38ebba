import { isDeepStrictEqual, inspect } from 'node:util';
import type { Application } from '../application';
import type { CacheEvent } from '../cache/cache-events';
import { textOf, type AnyKey } from '../cache/cache-key';
import type { CacheRepository } from '../cache/cache-repository';
import { MemoryCacheStore } from '../cache/stores/memory-cache-store';
import { expectThat } from './expectation';

/**
 * Puts a memory store in place of a cache store, by default of the default one, and knows what lies in it and what happened to it since. Locks
 * stay real ones.
 */
export function fakeCache(app: Application, store: string = app.caches.defaultName): FakeCache {
  const memory = new MemoryCacheStore({ maxBytes: 16 * 1024 * 1024, maxEntries: 100_000 });
  const fake = new FakeCache(app.cache(store));
  app.caches.use(store, memory);
  app.caches.events.listen((event) => {
    if ('store' in event && event.store === store) fake.note(event);
  });
  return fake;
}

/** Asserts what a cache holds, and what happened in it. Keys of a namespace begin with `{namespace}:`. */
export class FakeCache {
  /** The store's repository. What it writes is seen by the assertions, too. */
  readonly cache: CacheRepository;
  readonly #written: string[] = [];
  readonly #forgotten: string[] = [];
  readonly #clearedTags: string[] = [];

  constructor(cache: CacheRepository) {
    this.cache = cache;
  }

  /** Takes note of what happened in the store. Called by what listens to its events. */
  note(event: CacheEvent): void {
    if (event.kind === 'written') this.#written.push(...event.keys);
    if (event.kind === 'forgotten') this.#forgotten.push(...event.keys);
    if (event.kind === 'tags-cleared') this.#clearedTags.push(...event.tags);
  }

  /** Asserts that there is a live entry; with a value, that it is equal to it. */
  async assertHas(given: AnyKey, ...expected: [value?: unknown]): Promise<void> {
    const key = textOf(given);
    expectThat(await this.cache.has(key), `Expected the cache to hold "${key}".`);
    if (expected.length === 0) return;
    const found = await this.cache.get(key);
    expectThat(
      isDeepStrictEqual(found, expected[0]),
      `Expected the cache to hold ${inspect(expected[0])} as "${key}", found ${inspect(found)}.`,
    );
  }

  /** Asserts that there is no live entry. */
  async assertMissing(given: AnyKey): Promise<void> {
    const key = textOf(given);
    expectThat(!(await this.cache.has(key)), `Expected the cache not to hold "${key}".`);
  }

  /** Asserts that a key was written, whatever became of it since. */
  assertWritten(given: AnyKey): void {
    const key = textOf(given);
    expectThat(
      this.#written.includes(key),
      `Expected "${key}" to be written; written were: ${listed(this.#written)}.`,
    );
  }

  /** Asserts that a key was not written, whether or not it is there. */
  assertNotWritten(given: AnyKey): void {
    const key = textOf(given);
    expectThat(!this.#written.includes(key), `Expected "${key}" not to be written, and it was.`);
  }

  /** Asserts that no key was written. */
  assertNothingWritten(): void {
    const written = listed(this.#written);
    expectThat(
      this.#written.length === 0,
      `Expected nothing to be written; written were: ${written}.`,
    );
  }

  /** Asserts that a key was forgotten or pulled by name, whether or not it was there. */
  assertForgotten(given: AnyKey): void {
    const key = textOf(given);
    expectThat(
      this.#forgotten.includes(key),
      `Expected "${key}" to be forgotten; forgotten were: ${listed(this.#forgotten)}.`,
    );
  }

  /** Asserts that the entries with a tag were cleared. */
  assertTagsCleared(tag: string): void {
    expectThat(
      this.#clearedTags.includes(tag),
      `Expected the tag "${tag}" to be cleared; cleared were: ${listed(this.#clearedTags)}.`,
    );
  }

  /** Asserts that somebody holds a lock now. */
  async assertLocked(name: string): Promise<void> {
    expectThat(await this.#isLocked(name), `Expected the lock "${name}" to be held.`);
  }

  /** Asserts that nobody holds a lock now. */
  async assertNotLocked(name: string): Promise<void> {
    expectThat(!(await this.#isLocked(name)), `Expected the lock "${name}" not to be held.`);
  }

  #isLocked(name: string): Promise<boolean> {
    return this.cache.lock(name, '1s').isLocked();
  }
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : [...new Set(names)].map((name) => `"${name}"`).join(', ');
}
