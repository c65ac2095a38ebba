import { isDeepStrictEqual, inspect } from 'node:util';
import type { Application } from '../application';
import type { CacheRepository } from '../cache/cache-repository';
import { MemoryCacheStore } from '../cache/memory-cache-store';
import { expectThat } from './expectation';

/** Puts a memory store in place of a cache store, by default of the default one, and knows what lies in it. */
export function fakeCache(app: Application, store: string = app.caches.defaultName): FakeCache {
  const memory = new MemoryCacheStore({ maxBytes: 16 * 1024 * 1024, maxEntries: 100_000 });
  app.caches.use(store, memory);
  return new FakeCache(app.cache(store));
}

/** Asserts what a cache holds. */
export class FakeCache {
  readonly #cache: CacheRepository;

  constructor(cache: CacheRepository) {
    this.#cache = cache;
  }

  /** Asserts that there is a live entry; with a value, that it is equal to it. */
  async assertHas(key: string, ...expected: [value?: unknown]): Promise<void> {
    expectThat(await this.#cache.has(key), `Expected the cache to hold "${key}".`);
    if (expected.length === 0) return;
    const found = await this.#cache.get(key);
    expectThat(
      isDeepStrictEqual(found, expected[0]),
      `Expected the cache to hold ${inspect(expected[0])} as "${key}", found ${inspect(found)}.`,
    );
  }

  /** Asserts that there is no live entry. */
  async assertMissing(key: string): Promise<void> {
    expectThat(!(await this.#cache.has(key)), `Expected the cache not to hold "${key}".`);
  }
}
