import { Locks } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import type { LockStore } from '../../../src/cache/locks/lock-store';
import { MemoryLockStore } from '../../../src/cache/locks/memory-lock-store';
import { lockMigrations } from '../../../src/cache/locks/schema';
import { SqliteLockStore } from '../../../src/cache/locks/sqlite-lock-store';
import { errorWith } from '../../helpers/errors';
import { gate } from '../../helpers/gate';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

let file: TemporaryFile;
let store: SqliteLockStore;
let locks: Locks;
/** The locks as another process sees them. */
let others: Locks;

beforeEach(async () => {
  file = await createTemporaryFile(lockMigrations);
  store = new SqliteLockStore(file.connection);
  const elsewhere = new SqliteLockStore(file.elsewhere);
  locks = new Locks(() => store);
  others = new Locks(() => elsewhere);
});

afterEach(async () => {
  travelBack();
  jest.restoreAllMocks();
  await file.close();
});

/** Resolves when the store was asked so many times more whether a lock is free. */
function asked(times: number): Promise<void> {
  const { opened, open } = gate();
  let count = 0;
  jest.spyOn(store, 'held').mockImplementation((names) => {
    count += 1;
    if (count === times) open();
    return SqliteLockStore.prototype.held.call(store, names);
  });
  return opened;
}

test('a free lock is taken without waiting', async () => {
  await locks.lock('report', '10s').block(0);
  expect(await locks.lock('report', '10s').get()).toBe(false);
});

test('who waits is given the lock when it is released in this process', async () => {
  const lock = locks.lock('report', '10s');
  await lock.get();
  const waiting = locks.lock('report', '10s').block('30s', () => 'given');
  await asked(1);
  await lock.release();
  expect(await waiting).toBe('given');
  expect(await lock.isLocked()).toBe(false);
});

test('who waits is given the lock when it is released in another process', async () => {
  const lock = others.lock('report', '10s');
  await lock.get();
  const waiting = locks.lock('report', '10s').block('30s', () => 'given');
  await asked(3);
  await lock.release();
  expect(await waiting).toBe('given');
});

test('who waits is given the lock when it expires', async () => {
  travelTo(0);
  await others.lock('report', '10s').get();
  const waiting = locks.lock('report', '10s').block('30s', () => 'given');
  await asked(2);
  travel('10s');
  expect(await waiting).toBe('given');
});

test('who waits is given the lock when it is taken away by force', async () => {
  await others.lock('report', '10s').get();
  const waiting = locks.lock('report', '10s').block('30s', () => 'given');
  await others.lock('report', '10s').forceRelease();
  expect(await waiting).toBe('given');
});

test('those who wait are served in the order they came, one at a time', async () => {
  const lock = locks.lock('report', '10s');
  await lock.get();
  const served: number[] = [];
  let inside = 0;
  const waiting = Array.from({ length: 20 }, (_, index) =>
    locks.lock('report', '10s').block('30s', async () => {
      inside += 1;
      expect(inside).toBe(1);
      served.push(index);
      await new Promise(setImmediate);
      inside -= 1;
    }),
  );
  await lock.release();
  await Promise.all(waiting);
  expect(served).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test('two Locks on one store stand in one line', async () => {
  const lock = locks.lock('report', '10s');
  await lock.get();
  const served: string[] = [];
  const first = locks.lock('report', '10s').block('30s', () => served.push('first'));
  const second = new Locks(() => store)
    .lock('report', '10s')
    .block('30s', () => served.push('second'));
  await lock.release();
  await Promise.all([first, second]);
  expect(served).toEqual(['first', 'second']);
});

test('however many wait, only the first asks the store, and writes nothing while the lock is held', async () => {
  const asks: (readonly string[] | undefined)[] = [];
  const memory = new MemoryLockStore();
  const acquire = jest.spyOn(memory, 'acquire');
  const held = memory.held.bind(memory);
  jest.spyOn(memory, 'held').mockImplementation(async (names) => {
    asks.push(names);
    return held(names);
  });
  const inMemory = new Locks(() => memory);
  const lock = inMemory.lock('report', '10s');
  await lock.get();
  const waiting = Array.from({ length: 100 }, () => inMemory.lock('report', '1m').block('30s'));
  await new Promise(setImmediate);
  expect(asks).toHaveLength(1);
  expect(acquire).toHaveBeenCalledTimes(1);
  await lock.release();
  await waiting[0];
  expect(acquire).toHaveBeenCalledTimes(2);
  for (const one of waiting.slice(1)) {
    await inMemory.lock('report', '1s').forceRelease();
    await one;
  }
});

describe('who waits too long', () => {
  test('is refused, and told of the lock, the time and the holder', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    await others.lock('report', '10s').get();
    await expect(locks.lock('report', '10s').block('20ms')).rejects.toThrow(
      errorWith(
        'E_LOCK_TIMEOUT',
        `The lock "report" did not come free in 20.00ms: this process (pid ${process.pid}) holds it since 2026-01-01T00:00:00.000Z.`,
      ),
    );
  });

  test('is told of an owner of one’s own, or of another machine, as it is', async () => {
    await others.lock('report', '10s', { owner: 'order 7' }).get();
    await expect(locks.lock('report', '10s').block(0)).rejects.toThrow(
      errorWith('E_LOCK_TIMEOUT', 'the owner "order 7" holds it since'),
    );
  });

  test('runs no callback', async () => {
    await others.lock('report', '10s').get();
    const callback = jest.fn();
    await expect(locks.lock('report', '10s').block('10ms', callback)).rejects.toThrow();
    await expect(locks.lock('report', '10s').block(-1, callback)).rejects.toThrow();
    expect(callback).not.toHaveBeenCalled();
  });

  test('leaves the line to those behind', async () => {
    const lock = others.lock('report', '10s');
    await lock.get();
    const patient = [1, 2, 3].map((wait) => locks.lock('report', '10s').block(wait * 10));
    const hasty = locks.lock('report', '10s').block('10ms');
    await expect(hasty).rejects.toThrow(errorWith('E_LOCK_TIMEOUT'));
    await lock.release();
    await patient[0];
    for (const one of patient.slice(1)) {
      await others.lock('report', '1s').forceRelease();
      await one;
    }
  });
});

test('an error of the store reaches who asked, and those behind go on', async () => {
  const memory = new MemoryLockStore();
  const inMemory = new Locks((): LockStore => memory);
  const lock = inMemory.lock('report', '10s');
  await lock.get();
  const first = inMemory.lock('report', '10s').block('30s');
  const second = inMemory.lock('report', '10s').block('30s', () => 'given');
  await new Promise(setImmediate);
  jest.spyOn(memory, 'acquire').mockRejectedValueOnce(new Error('The disk is gone'));
  await lock.release();
  await expect(first).rejects.toThrow('The disk is gone');
  expect(await second).toBe('given');
});

describe('a process that has handed a lock on within itself for 100 ms', () => {
  let now: number;

  beforeEach(() => {
    now = 1000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });

  test('leaves it alone for 25 ms, in which another gets it', async () => {
    const first = locks.lock('report', '10s');
    await first.block(0);
    const waiting = locks.lock('report', '10s').block('30s', () => 'given');
    await asked(1);
    now += 100;
    await first.release();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    const theirs = others.lock('report', '10s');
    await theirs.block(0);
    now += 25;
    await asked(1);
    await theirs.release();
    expect(await waiting).toBe('given');
  });

  test('leaves it alone although nobody stood in line when it was released', async () => {
    const first = locks.lock('report', '10s');
    await first.block(0);
    now += 100;
    await first.release();
    const waiting = locks.lock('report', '10s').block('30s', () => 'given');
    await new Promise(setImmediate);
    expect(await others.lock('report', '10s').get(() => 'theirs')).toBe('theirs');
    now += 25;
    expect(await waiting).toBe('given');
  });

  test('counts the time of all who had it in a row', async () => {
    const lock = locks.lock('report', '10s');
    for (let time = 0; time < 2; time += 1) {
      await lock.block('30s');
      now += 60;
      await lock.release();
    }
    const waiting = locks.lock('report', '10s').block('30s', () => 'given');
    await new Promise(setImmediate);
    expect(await others.lock('report', '10s').get(() => 'theirs')).toBe('theirs');
    now += 25;
    expect(await waiting).toBe('given');
  });

  test('does not lose it to others who has less time left than that', async () => {
    const first = locks.lock('report', '10s');
    await first.block(0);
    now += 100;
    await first.release();
    expect(await locks.lock('report', '10s').block('20ms', () => 'given')).toBe('given');
  });

  test('begins another turn after it has left it alone', async () => {
    const lock = locks.lock('report', '10s');
    await lock.block(0);
    now += 100;
    await lock.release();
    now += 25;
    await lock.block('30s');
    now += 50;
    await lock.release();
    expect(await lock.block('30s', () => 'given')).toBe('given');
  });
});
