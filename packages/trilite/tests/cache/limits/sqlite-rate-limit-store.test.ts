import { SqliteRateLimitStore } from '../../../src/cache/limits/sqlite-rate-limit-store';
import { lockMigrations } from '../../../src/cache/locks/schema';
import { testRateLimitStore } from '../../contracts/rate-limit-store';
import { createTemporaryFile } from '../../helpers/temporary-file';

testRateLimitStore('SqliteRateLimitStore', async () => {
  const file = await createTemporaryFile(lockMigrations);
  return {
    store: new SqliteRateLimitStore(file.connection),
    elsewhere: new SqliteRateLimitStore(file.elsewhere),
    close: () => file.close(),
  };
});
