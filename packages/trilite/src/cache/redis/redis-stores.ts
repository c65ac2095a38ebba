import type { CacheStoreSettings } from '../../config/schema';
import { RedisCacheStore } from './redis-cache-store';
import { RedisConnection } from './redis-connection';
import { RedisKeys } from './redis-keys';
import { RedisLockStore } from './redis-lock-store';
import { RedisRateLimitStore } from './redis-rate-limit-store';

/** What lies below one namespace of a server, over one connection. */
export interface RedisStores {
  readonly cache: RedisCacheStore;
  readonly locks: RedisLockStore;
  readonly limits: RedisRateLimitStore;
}

/** The stores on a server. Nothing is opened before the first call; closing the cache closes the connection. */
export function redisStores(
  name: string,
  { url, namespace, timeout }: Extract<CacheStoreSettings, { readonly driver: 'redis' }>,
): RedisStores {
  const connection = new RedisConnection({ store: name, url, timeoutMs: timeout });
  const keys = new RedisKeys(namespace);
  return {
    cache: new RedisCacheStore(connection, keys),
    locks: new RedisLockStore(connection, keys),
    limits: new RedisRateLimitStore(connection, keys),
  };
}
