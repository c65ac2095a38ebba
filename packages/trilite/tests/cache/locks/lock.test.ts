import { Locks } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import type { LockEvent } from '../../../src/cache/locks/lock';
import type { LockStore } from '../../../src/cache/locks/lock-store';
import { lockMigrations } from '../../../src/cache/locks/schema';
import { SqliteLockStore } from '../../../src/cache/locks/sqlite-lock-store';
import { thisProcess } from '../../../src/support/owner';
import { errorWith } from '../../helpers/errors';
import { gate } from '../../helpers/gate';
import { createTemporaryFile, type TemporaryFile } from '../../helpers/temporary-file';

const NOW = Date.UTC(2026, 0, 1);

let file: TemporaryFile;
let store: SqliteLockStore;
let locks: Locks;
/** The locks as another process sees them. */
let others: Locks;
let events: LockEvent[];

beforeEach(async () => {
  file = await createTemporaryFile(lockMigrations);
  store = new SqliteLockStore(file.connection);
  const elsewhere = new SqliteLockStore(file.elsewhere);
  events = [];
  locks = new Locks(() => store, { onEvent: (event) => events.push(event) });
  others = new Locks(() => elsewhere);
  travelTo(NOW);
});

afterEach(async () => {
  travelBack();
  await file.close();
});

/** A store whose `release` fails. */
function withoutRelease(): LockStore {
  return {
    acquire: (request) => store.acquire(request),
    release: () => Promise.reject(new Error('The disk is gone')),
    forceRelease: (name) => store.forceRelease(name),
    refresh: (name, owner, ttlMs) => store.refresh(name, owner, ttlMs),
    held: (names) => store.held(names),
  };
}

describe('get', () => {
  test('takes a free lock once, whoever asks', async () => {
    const lock = locks.lock('report', '10s');
    expect(await lock.get()).toBe(true);
    expect(await lock.get()).toBe(false);
    expect(await locks.lock('report', '10s').get()).toBe(false);
    expect(await others.lock('report', '10s').get()).toBe(false);
    expect(await locks.lock('other', '10s').get()).toBe(true);
  });

  test('with a callback returns what that returns, and releases the lock', async () => {
    expect(await locks.lock('report', '10s').get(() => 7)).toBe(7);
    expect(await locks.lock('report', '10s').get(async () => 'later')).toBe('later');
    expect(await locks.held()).toEqual([]);
  });

  test('with a callback holds the lock until that has ended', async () => {
    const { opened, open } = gate();
    const running = locks.lock('report', '10s').get(() => opened);
    expect(await others.lock('report', '10s').get(() => 1)).toBe(false);
    open();
    await running;
    expect(await others.lock('report', '10s').get(() => 1)).toBe(1);
  });

  test('with a callback that fails releases the lock and throws its error', async () => {
    const lock = locks.lock('report', '10s');
    await expect(lock.get(() => Promise.reject(new Error('It broke')))).rejects.toThrow('It broke');
    const breaks = (): never => {
      throw new Error('It broke at once');
    };
    await expect(lock.get(breaks)).rejects.toThrow('It broke at once');
    expect(await lock.isLocked()).toBe(false);
  });

  test('throws the error of the callback although the lock cannot be released', async () => {
    const broken = new Locks(withoutRelease);
    const failed = broken.lock('report', '10s').get(() => Promise.reject(new Error('It broke')));
    await expect(failed).rejects.toThrow('It broke');
  });

  test('answers what the callback did, also when the lock cannot be released', async () => {
    const broken = new Locks(withoutRelease);
    expect(await broken.lock('report', '10s').get(() => 'done')).toBe('done');
  });

  test('gives the callback its lock, to refresh it', async () => {
    await locks.lock('report', '10s').get(async (lock) => {
      travel('9s');
      expect(await lock.refresh()).toBe(true);
      travel('9s');
      expect(await others.lock('report', '1s').get()).toBe(false);
    });
  });

  test('binds the lock to this process for a callback, and else to none', async () => {
    await locks.lock('by hand', '10s').get();
    await locks.lock('for a callback', '10s').get(async () => {
      expect(await locks.held()).toMatchObject([
        { name: 'by hand', boundTo: undefined },
        { name: 'for a callback', boundTo: thisProcess() },
      ]);
    });
  });
});

describe('a ttl', () => {
  test.each([
    ['text', '10m', 600_000],
    ['milliseconds', '1ms', 1],
    ['seconds', 90, 90_000],
    ['a fraction of a second', 0.25, 250],
    ['less than a millisecond', 0.0001, 1],
    ['a Date', new Date(NOW + 5000), 5000],
  ])('as %s lasts so long and no longer', async (_, ttl, milliseconds) => {
    await locks.lock('report', ttl).get();
    travelTo(NOW + milliseconds - 1);
    expect(await others.lock('report', '1s').get()).toBe(false);
    travelTo(NOW + milliseconds);
    expect(await others.lock('report', '1s').get()).toBe(true);
  });

  test.each([
    ['0', 0],
    ['negative', -1],
    ['"0s"', '0s'],
    ['a Date of the past', new Date(NOW - 1)],
    ['the Date of now', new Date(NOW)],
  ])('that is %s is refused', (_, ttl) => {
    expect(() => locks.lock('report', ttl)).toThrow(RangeError);
  });

  test.each([
    ['NaN', NaN],
    ['"soon"', 'soon'],
    ['Infinity', Infinity],
  ])('that is %s is refused', (_, ttl) => {
    expect(() => locks.lock('report', ttl)).toThrow(TypeError);
  });

  test('as a Date that passed before the lock was taken is refused', async () => {
    const lock = locks.lock('report', new Date(NOW + 1000));
    travel('1s');
    await expect(lock.get()).rejects.toThrow(RangeError);
  });
});

describe('a name', () => {
  test.each(['', 'n'.repeat(513), '\ud800', 'a\udc00b'])('%p is refused', (name) => {
    expect(() => locks.lock(name, '1s')).toThrow(
      errorWith('E_LOCK_NAME_INVALID', 'a name has 1 to 512'),
    );
    expect(() => locks.restoreLock(name, 'me')).toThrow(errorWith('E_LOCK_NAME_INVALID'));
    expect(() => locks.funnel(name)).toThrow(errorWith('E_LOCK_NAME_INVALID'));
  });

  test('of 512 characters is taken, the prefix included', async () => {
    expect(await locks.lock('n'.repeat(512), '1s').get()).toBe(true);
    const prefixed = new Locks(() => store, { prefix: 'app:' });
    expect(await prefixed.lock('n'.repeat(508), '1s').get()).toBe(true);
    expect(() => prefixed.lock('n'.repeat(509), '1s')).toThrow(errorWith('E_LOCK_NAME_INVALID'));
  });

  test('with another prefix is another lock', async () => {
    const a = new Locks(() => store, { prefix: 'a:' });
    const b = new Locks(() => store, { prefix: 'b:' });
    expect(await a.lock('report', '1s').get()).toBe(true);
    expect(await b.lock('report', '1s').get()).toBe(true);
    expect(await locks.lock('a:report', '1s').get()).toBe(false);
    expect(await b.held()).toMatchObject([{ name: 'report' }]);
  });
});

describe('release', () => {
  test('is for the owner alone, who is another one for each lock', async () => {
    const mine = locks.lock('report', '10s');
    const yours = locks.lock('report', '10s');
    await mine.get();
    expect(yours.owner).not.toBe(mine.owner);
    expect(await yours.release()).toBe(false);
    expect(await mine.release()).toBe(true);
    expect(await mine.release()).toBe(false);
    expect(await yours.get()).toBe(true);
  });

  test('does nothing once the ttl has ended, and another may hold the lock', async () => {
    const mine = locks.lock('report', '10s');
    await mine.get();
    travel('10s');
    await others.lock('report', '10s').get();
    expect(await mine.release()).toBe(false);
    expect(await mine.isLocked()).toBe(true);
  });

  test('works elsewhere with the owner in hand', async () => {
    const lock = locks.lock('report', '10s');
    await lock.get();
    expect(await others.restoreLock('report', 'somebody').release()).toBe(false);
    expect(await others.restoreLock('report', lock.owner).release()).toBe(true);
    expect(await lock.isLocked()).toBe(false);
  });

  test('by force takes the lock from whoever holds it', async () => {
    expect(await locks.lock('report', '1s').forceRelease()).toBe(false);
    await others.lock('report', '10s').get();
    expect(await locks.lock('report', '1s').forceRelease()).toBe(true);
    expect(await locks.lock('report', '1s').get()).toBe(true);
  });
});

describe('refresh', () => {
  test('has the lock last for its ttl, or another one, from now', async () => {
    const lock = locks.lock('report', '10s');
    await lock.get();
    travel('6s');
    expect(await lock.remaining()).toBe(4000);
    expect(await lock.refresh()).toBe(true);
    expect(await lock.remaining()).toBe(10_000);
    expect(await lock.refresh('1m')).toBe(true);
    expect(await lock.remaining()).toBe(60_000);
    await expect(lock.refresh(0)).rejects.toThrow(RangeError);
  });

  test('does nothing for a lock that was lost', async () => {
    const lock = locks.lock('report', '10s');
    expect(await lock.refresh()).toBe(false);
    await lock.get();
    travel('10s');
    expect(await lock.refresh()).toBe(false);
    expect(await lock.isLocked()).toBe(false);
  });

  test('of a restored lock needs a ttl, as taking it does', async () => {
    const lock = locks.lock('report', '10s');
    await lock.get();
    const restored = others.restoreLock('report', lock.owner);
    await expect(restored.refresh()).rejects.toThrow(TypeError);
    await expect(restored.get()).rejects.toThrow(TypeError);
    expect(await restored.refresh('1m')).toBe(true);
    expect(await restored.remaining()).toBe(60_000);
  });
});

test('a lock tells whether it is held, by its owner, and for how long', async () => {
  const mine = locks.lock('report', '10s');
  const state = async (lock = mine) => [
    await lock.isLocked(),
    await lock.isOwnedByCurrentProcess(),
    await lock.remaining(),
  ];
  expect(await state()).toEqual([false, false, 0]);
  await mine.get();
  expect(await state()).toEqual([true, true, 10_000]);
  expect(await state(others.lock('report', '10s'))).toEqual([true, false, 0]);
  expect(await state(others.restoreLock('report', mine.owner))).toEqual([true, true, 10_000]);
  travel('10s');
  expect(await state()).toEqual([false, false, 0]);
});

test('an owner of one’s own is taken as it is', async () => {
  const lock = locks.lock('report', '10s', { owner: 'order 7' });
  await lock.get();
  expect(await others.restoreLock('report', 'order 7').isOwnedByCurrentProcess()).toBe(true);
});

test('it is told what happens to locks', async () => {
  const lock = locks.lock('report', '10s');
  const missed = locks.lock('report', '10s');
  await lock.get();
  await missed.get();
  await expect(missed.block(0)).rejects.toThrow();
  await lock.release();
  await lock.release();
  await lock.block('1s', () => 1);
  const of = ({ owner }: { owner: string }) => ({ name: 'report', owner });
  expect(events).toEqual([
    { kind: 'lock-acquired', ...of(lock) },
    { kind: 'lock-missed', ...of(missed) },
    { kind: 'lock-missed', ...of(missed) },
    { kind: 'lock-released', ...of(lock) },
    { kind: 'lock-acquired', ...of(lock) },
    { kind: 'lock-released', ...of(lock) },
  ]);
});
