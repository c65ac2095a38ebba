import { loadPeer, NOT_INSTALLED } from '../lib/peers';
import { startRedis } from '../lib/redis';
import { TTL_MS, type CacheSide, type CacheSideOrReason } from './cache-side';

// What is used of ioredis.

interface Commands<R> {
  set(key: string, value: string, unit: 'PX', milliseconds: number): R;
}

interface Pipeline extends Commands<Pipeline> {
  exec(): Promise<unknown>;
}

interface RedisClient extends Commands<Promise<unknown>> {
  get(key: string): Promise<string | null>;
  pipeline(): Pipeline;
  quit(): Promise<unknown>;
}

interface Ioredis {
  readonly Redis: new (port: number, host: string) => RedisClient;
}

/** Redis on loopback, through ioredis. What is put at once goes out as one pipeline. */
export async function redisSide(folder: string): Promise<CacheSideOrReason> {
  const ioredis = await loadPeer<Ioredis>('ioredis');
  if (ioredis === undefined) return NOT_INSTALLED;
  const server = await startRedis(folder);
  if (server === undefined) return 'left out: no redis-server on PATH';
  const client = new ioredis.Redis(server.port, '127.0.0.1');
  return sideOf(client, async () => {
    await client.quit();
    await server.stop();
  });
}

function sideOf(client: RedisClient, close: () => Promise<void>): CacheSide {
  return {
    async get(key) {
      const json = await client.get(key);
      return json === null ? undefined : (JSON.parse(json) as unknown);
    },
    put: ({ key, value }) => client.set(key, JSON.stringify(value), 'PX', TTL_MS),
    putAll(entries) {
      const pipeline = client.pipeline();
      for (const { key, value } of entries) pipeline.set(key, JSON.stringify(value), 'PX', TTL_MS);
      return pipeline.exec();
    },
    close,
  };
}
