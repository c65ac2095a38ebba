import { join } from 'node:path';
import { makeCacheApplication, type Application } from '../lib/application';
import { rawLike, type RawFile } from '../lib/raw';
import { bentocacheSide } from './bentocache-side';
import { mapByHand, sqliteByHand } from './by-hand-sides';
import type { CacheSide, CacheSideOrReason } from './cache-side';
import { keyvSide } from './keyv-side';
import { redisSide } from './redis-side';

/** The sides, and what they are called in tables, in this order. */
export const TITLES = {
  trilite: 'Trilite, SQLite',
  byHand: 'by hand, SQLite',
  redis: 'Redis on loopback, ioredis',
  redisAwake: '… other cores awake',
  bentocache: 'Bentocache, SQLite by Kysely',
  keyv: 'Keyv, SQLite',
  keyvAwake: '… other cores awake',
  tiered: 'Bentocache, memory and SQLite',
  memory: 'Trilite, memory',
  map: 'by hand, a Map of JSON',
};

export type SideName = keyof typeof TITLES;
export type Sides = Readonly<Record<SideName, CacheSideOrReason>>;

/** Sides that wait for another process or thread, measured a second time while the other cores are kept awake. */
export const AWAKE: ReadonlySet<SideName> = new Set<SideName>(['redisAwake', 'keyvAwake']);

/** Has every side open, in files of a folder, for as long as they are used. */
export async function withSides<T>(folder: string, use: (sides: Sides) => Promise<T>): Promise<T> {
  const app = await openApplication(folder);
  const sides = await openSides(app, folder);
  try {
    return await use(sides);
  } finally {
    for (const side of present(sides)) await side.close();
    await app.close();
  }
}

/** The sides that there are, each once. */
export function present(sides: Sides): CacheSide[] {
  return [...new Set(Object.values(sides))].filter((side) => typeof side !== 'string');
}

function openApplication(folder: string): Promise<Application> {
  const connections = { trilite: {}, byHand: {}, bentocache: {}, tiered: {} };
  return makeCacheApplication(folder, connections, {
    trilite: { driver: 'sqlite', connection: 'trilite' },
    memory: { driver: 'memory' },
  });
}

async function openSides(app: Application, folder: string): Promise<Sides> {
  const file = (name: string): Promise<RawFile> => rawLike(app.connections.connection(name));
  const redis = await redisSide(join(folder, 'redis'));
  const keyv = await keyvSide({ ...(await file('trilite')), file: join(folder, 'keyv.sqlite') });
  return {
    trilite: triliteSide(app, 'trilite'),
    byHand: sqliteByHand(await file('byHand')),
    redis,
    redisAwake: redis,
    bentocache: await bentocacheSide(await file('bentocache'), { hasMemory: false }),
    keyv,
    keyvAwake: keyv,
    tiered: await bentocacheSide(await file('tiered'), { hasMemory: true }),
    memory: triliteSide(app, 'memory'),
    map: mapByHand(),
  };
}

function triliteSide(app: Application, store: string): CacheSide {
  const repository = app.cache(store);
  const put: CacheSide['put'] = ({ key, value }) => repository.put(key, value, '1h');
  return {
    get: (key) => repository.get(key),
    put,
    putAll: (entries) => Promise.all(entries.map(put)),
    close: async () => undefined, // the application closes its files
  };
}
