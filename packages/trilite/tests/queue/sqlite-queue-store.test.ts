import { queueMigrations } from '../../src/queue/sqlite/schema';
import { SqliteQueueStore } from '../../src/queue/sqlite/sqlite-queue-store';
import { testQueueStore } from '../contracts/queue-store';
import { createTemporaryFile } from '../helpers/temporary-file';

testQueueStore('SqliteQueueStore', async (options) => {
  const file = await createTemporaryFile(queueMigrations);
  return {
    store: new SqliteQueueStore(file.connection, options),
    elsewhere: new SqliteQueueStore(file.elsewhere, options),
    close: () => file.close(),
  };
});
