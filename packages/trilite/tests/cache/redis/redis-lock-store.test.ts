import { RedisLockStore } from '../../../src/cache/redis/redis-lock-store';
import { testLockStore } from '../../contracts/lock-store';
import { useRedisServer } from '../../helpers/redis-server';

const server = useRedisServer();

testLockStore('RedisLockStore', async () => {
  const here = server.place();
  const there = server.place();
  return {
    store: new RedisLockStore(here.connection, here.keys),
    elsewhere: new RedisLockStore(there.connection, here.keys),
    async close() {
      await here.connection.close();
      await there.connection.close();
    },
  };
});
