import { MemoryRateLimitStore } from '../../../src/cache/limits/memory-rate-limit-store';
import { testRateLimitStore } from '../../contracts/rate-limit-store';

testRateLimitStore('MemoryRateLimitStore', async () => {
  const store = new MemoryRateLimitStore();
  return { store, elsewhere: store, close: async () => undefined };
});
