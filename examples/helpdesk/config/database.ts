import { defineDatabase, storagePath } from 'trilite';

// SQLite lets one writer at a time into a file: three files, three writers.
export default defineDatabase({
  default: 'default',
  connections: {
    default: { driver: 'sqlite', file: storagePath('database.sqlite') },
    cache: { driver: 'sqlite', file: storagePath('cache.sqlite') },
    queue: { driver: 'sqlite', file: storagePath('queue.sqlite') },
  },
});
