// Loaded for the guard, which fails a test that leaves a connection open
import 'trilite/testing';
import { createMemoryQueue } from '../../src/queue/stores/memory-queue-store';
import { testQueueStore } from '../contracts/queue-store';

testQueueStore('the memory queue', async (options) => {
  const { store, close } = createMemoryQueue(options);
  return { store, elsewhere: store, close };
});
