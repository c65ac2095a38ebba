import { openRaw, type RawFile } from '../lib/raw';
import { TTL_MS, type CacheSide, type Entry } from './cache-side';

// A table as small as a cache can have it: no index for what has expired, nothing that keeps it within bounds.
const SCHEMA = `
  create table entries (key text not null primary key, value any not null, expires_at integer) strict;
`;
const GET = 'select value, expires_at from entries where key = ?';
const PUT = `insert into entries (key, value, expires_at) values (?, ?, ?)
  on conflict (key) do update set value = excluded.value, expires_at = excluded.expires_at`;

interface Row {
  readonly value: string;
  readonly expires_at: number | null;
}

/** Prepared statements on a file that nothing else uses. What is put at once is one BEGIN IMMEDIATE … COMMIT. */
export function sqliteByHand(file: RawFile): CacheSide {
  const raw = openRaw(file, 0);
  raw.exec(SCHEMA);
  const select = raw.prepare(GET);
  const upsert = raw.prepare(PUT);
  const put = ({ key, value }: Entry): unknown =>
    upsert.run(key, JSON.stringify(value), Date.now() + TTL_MS);
  const batch = raw.transaction((entries: readonly Entry[]) => entries.forEach(put));
  return {
    async get(key) {
      const row = select.get(key) as Row | undefined;
      if (row === undefined || isExpired(row.expires_at)) return undefined;
      return JSON.parse(row.value) as unknown;
    },
    put: async (entry) => put(entry),
    putAll: async (entries) => batch.immediate(entries),
    close: async () => raw.close(),
  };
}

/** A Map of JSON: what a cache in memory costs when nothing keeps it within bounds. */
export function mapByHand(): CacheSide {
  const map = new Map<string, { readonly json: string; readonly expiresAt: number }>();
  const put = ({ key, value }: Entry): unknown =>
    map.set(key, { json: JSON.stringify(value), expiresAt: Date.now() + TTL_MS });
  return {
    async get(key) {
      const entry = map.get(key);
      if (entry === undefined || isExpired(entry.expiresAt)) return undefined;
      return JSON.parse(entry.json) as unknown;
    },
    put: async (entry) => put(entry),
    putAll: async (entries) => entries.forEach(put),
    close: async () => undefined,
  };
}

function isExpired(expiresAt: number | null): boolean {
  return expiresAt !== null && expiresAt <= Date.now();
}
