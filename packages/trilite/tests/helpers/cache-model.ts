import * as fc from 'fast-check';
import { clock } from 'trilite';
import type { CacheEntry, CacheStore } from '../../src/cache/cache-store';

interface ModelEntry {
  readonly value: unknown;
  readonly expiresAt: number | undefined;
  readonly tags: readonly string[];
}

/** What the calls of a property test need of a store. */
type ModelStore = Pick<
  CacheStore,
  | 'get'
  | 'put'
  | 'add'
  | 'increment'
  | 'touch'
  | 'pull'
  | 'forget'
  | 'forgetTags'
  | 'clear'
  | 'prune'
>;

/** The contract in its simplest form: a Map. */
export class CacheModel implements ModelStore {
  readonly #entries = new Map<string, ModelEntry>();

  async get(key: string) {
    const entry = this.#live(key);
    return entry && { value: entry.value };
  }

  async put({ key, value, expiresAt, tags = [] }: CacheEntry) {
    this.#entries.set(key, { value, expiresAt, tags });
  }

  async add(entry: CacheEntry) {
    if (this.#live(entry.key) !== undefined) return false;
    await this.put(entry);
    return true;
  }

  async increment(key: string, by: number) {
    const entry = this.#live(key) ?? { value: 0, expiresAt: undefined, tags: [] };
    if (typeof entry.value !== 'number') throw new Error('not numeric');
    this.#entries.set(key, { ...entry, value: entry.value + by });
    return entry.value + by;
  }

  async touch(key: string, expiresAt: number | undefined) {
    const entry = this.#live(key);
    if (entry !== undefined) this.#entries.set(key, { ...entry, expiresAt });
    return entry !== undefined;
  }

  async pull(key: string) {
    const hit = await this.get(key);
    this.#entries.delete(key);
    return hit;
  }

  async forget(keys: readonly string[]) {
    let live = 0;
    for (const key of keys) {
      if (this.#live(key) !== undefined && this.#entries.delete(key)) live += 1;
    }
    return live;
  }

  async forgetTags(tags: readonly string[]) {
    for (const [key, entry] of this.#entries) {
      if (entry.tags.some((tag) => tags.includes(tag))) this.#entries.delete(key);
    }
  }

  async clear(prefix: string) {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  /** How many are removed is the store's affair: it may have removed some before. */
  async prune() {
    return 0;
  }

  #live(key: string) {
    const entry = this.#entries.get(key);
    return (entry?.expiresAt ?? Infinity) > clock.now() ? entry : undefined;
  }
}

const key = fc.constantFrom('a', 'b', 'b:c');
const value = fc.oneof(
  fc.integer(),
  fc.constantFrom('5', 'text', null, undefined, true),
  fc.date({ noInvalidDate: true }),
);
const livesMs = fc.option(fc.integer({ min: -5, max: 50 }), { nil: undefined });
const tags = fc.subarray(['t', 'u']);

type Call =
  | {
      readonly do: 'put' | 'add';
      key: string;
      value: unknown;
      livesMs: number | undefined;
      tags: string[];
    }
  | { readonly do: 'touch'; key: string; livesMs: number | undefined }
  | { readonly do: 'increment'; key: string; by: number }
  | { readonly do: 'get' | 'pull' | 'forget'; key: string }
  | { readonly do: 'forgetTags'; tags: string[] }
  | { readonly do: 'clear'; prefix: string }
  | { readonly do: 'prune' };
type Step = Call | { readonly do: 'travel'; milliseconds: number };

function weighted<T>(weight: number, arbitrary: fc.Arbitrary<T>) {
  return { weight, arbitrary };
}

/** One call, or a step in time. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  weighted(4, fc.record({ do: fc.constantFrom('put', 'add'), key, value, livesMs, tags })),
  weighted(2, fc.record({ do: fc.constant('touch'), key, livesMs })),
  weighted(3, fc.record({ do: fc.constant('increment'), key, by: fc.integer() })),
  weighted(5, fc.record({ do: fc.constantFrom('get', 'pull', 'forget'), key })),
  weighted(
    3,
    fc.record({ do: fc.constant('travel'), milliseconds: fc.integer({ min: 1, max: 30 }) }),
  ),
  weighted(1, fc.record({ do: fc.constant('forgetTags'), tags })),
  weighted(1, fc.record({ do: fc.constant('clear'), prefix: fc.constantFrom('', 'b') })),
  weighted(1, fc.record({ do: fc.constant('prune') })),
);

/** Makes a call of a store, or of the model. */
export async function perform(store: ModelStore, call: Call): Promise<unknown> {
  switch (call.do) {
    case 'put':
    case 'add':
      return store[call.do]({ ...call, expiresAt: expiryOf(call) });
    case 'touch':
      return store.touch(call.key, expiryOf(call));
    case 'increment':
      return store.increment(call.key, call.by).catch(() => 'refused');
    case 'get':
    case 'pull':
      return store[call.do](call.key);
    case 'forget':
      return store.forget([call.key]);
    case 'forgetTags':
      return store.forgetTags(call.tags);
    case 'clear':
      return store.clear(call.prefix);
    case 'prune':
      await store.prune();
      return undefined;
  }
}

function expiryOf(call: { readonly livesMs: number | undefined }): number | undefined {
  return call.livesMs === undefined ? undefined : clock.now() + call.livesMs;
}
