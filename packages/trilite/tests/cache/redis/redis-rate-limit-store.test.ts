import { RedisRateLimitStore } from '../../../src/cache/redis/redis-rate-limit-store';
import { testRateLimitStore } from '../../contracts/rate-limit-store';
import { useRedisServer } from '../../helpers/redis-server';

const server = useRedisServer();

testRateLimitStore('RedisRateLimitStore', async () => {
  const here = server.place();
  const there = server.place();
  return {
    store: new RedisRateLimitStore(here.connection, here.keys),
    elsewhere: new RedisRateLimitStore(there.connection, here.keys),
    async close() {
      await here.connection.close();
      await there.connection.close();
    },
  };
});
