import type { Entry } from './cache-side';

// What the cache benchmarks put and get: objects that are JSON of 200 bytes, under 10,000 keys.

const KEYS = 10_000;
const VALUE_BYTES = 200;

const PERSON = {
  id: 1_000_000,
  name: 'Ada Lovelace',
  email: 'ada@example.test',
  roles: ['admin', 'editor'],
  isActive: true,
  seenAt: '2026-01-01T00:00:00.000Z',
  note: '',
};
const NOTE = '.'.repeat(VALUE_BYTES - JSON.stringify(PERSON).length);

let entries = 0;
let seed = 1;

/** An entry under any of the keys. No two values are the same, as SQLite writes no page where a row is overwritten by itself. */
export function nextEntry(): Entry {
  return entryOf(randomKey());
}

/** An entry under each key. */
export function everyEntry(): Entry[] {
  return Array.from({ length: KEYS }, (_, index) => entryOf(keyOf(index)));
}

/** One of the keys, in an order that is the same on every run. */
export function randomKey(): string {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return keyOf(Math.floor((seed / 2 ** 32) * KEYS));
}

function entryOf(key: string): Entry {
  entries += 1;
  return { key, value: { ...PERSON, id: PERSON.id + entries, note: NOTE } };
}

function keyOf(index: number): string {
  return `person:${index}`;
}
