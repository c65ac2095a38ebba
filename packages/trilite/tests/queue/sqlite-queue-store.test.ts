import { queueMigrations } from '../../src/queue/sqlite/schema';
import { SqliteQueueStore } from '../../src/queue/sqlite/sqlite-queue-store';
import { testQueueStore } from '../contracts/queue-store';
import { createTemporaryFile } from '../helpers/temporary-file';

testQueueStore('SqliteQueueStore', async () => {
  const file = await createTemporaryFile(queueMigrations);
  return {
    store: new SqliteQueueStore(file.connection),
    elsewhere: new SqliteQueueStore(file.elsewhere),
    close: () => file.close(),
  };
});
