import { MemoryLockStore } from '../../../src/cache/locks/memory-lock-store';
import { lockRequest, testLockStore } from '../../contracts/lock-store';

testLockStore('MemoryLockStore', async () => {
  const store = new MemoryLockStore();
  return { store, elsewhere: store, close: async () => undefined };
});

test('two MemoryLockStores share nothing', async () => {
  await new MemoryLockStore().acquire(lockRequest());
  expect(await new MemoryLockStore().acquire(lockRequest())).toBe('lock');
});
