import { lockMigrations } from '../../../src/cache/locks/schema';
import { SqliteLockStore } from '../../../src/cache/locks/sqlite-lock-store';
import { lockRequest, testLockStore } from '../../contracts/lock-store';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

testLockStore('SqliteLockStore', async () => {
  const file = await createTemporaryFile(lockMigrations);
  return {
    store: new SqliteLockStore(file.connection),
    elsewhere: new SqliteLockStore(file.elsewhere),
    close: () => file.close(),
  };
});

describe('a SqliteLockStore in a transaction of its connection', () => {
  let file: TemporaryFile;
  let here: SqliteLockStore;
  let there: SqliteLockStore;

  beforeEach(async () => {
    file = await createTemporaryFile(lockMigrations);
    here = new SqliteLockStore(file.connection);
    there = new SqliteLockStore(file.elsewhere);
  });

  afterEach(() => file.close());

  test('gives a lock with the commit', async () => {
    await file.connection.transaction(() => here.acquire(lockRequest()));
    expect(await there.acquire(lockRequest({ owner: 'you' }))).toBeUndefined();
  });

  test('takes it back with a rollback', async () => {
    const failed = file.connection.transaction(async () => {
      expect(await here.acquire(lockRequest())).toBe('lock');
      throw new Error('It broke');
    });
    await expect(failed).rejects.toThrow('It broke');
    expect(await there.acquire(lockRequest({ owner: 'you' }))).toBe('lock');
  });
});
