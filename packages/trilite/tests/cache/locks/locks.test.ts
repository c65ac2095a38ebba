import { Locks } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import { MemoryLockStore } from '../../../src/cache/locks/memory-lock-store';
import { thisProcess } from '../../../src/support/owner';
import { errorWith } from '../../helpers/errors';
import { gate } from '../../helpers/gate';

const NOW = Date.UTC(2026, 0, 1);

let locks: Locks;

beforeEach(() => {
  const store = new MemoryLockStore();
  locks = new Locks(() => store);
  travelTo(NOW);
});

afterEach(() => travelBack());

describe('withoutOverlapping', () => {
  test('runs callbacks of one name after one another', async () => {
    const said: string[] = [];
    const say = (name: string) => async () => {
      said.push(`${name} begins`);
      await new Promise(setImmediate);
      said.push(`${name} ends`);
      return name;
    };
    const results = ['a', 'b', 'c'].map((name) => locks.withoutOverlapping('report', say(name)));
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c']);
    expect(said).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  test('holds its lock for an hour, or for as long as it is told', async () => {
    const held = async () => (await locks.held()).map(({ expiresAt }) => expiresAt - NOW);
    expect(await locks.withoutOverlapping('report', held)).toEqual([3_600_000]);
    expect(await locks.withoutOverlapping('report', held, { lockFor: '5m' })).toEqual([300_000]);
  });

  test('gives up when the one before does not end in time', async () => {
    const { opened, open } = gate();
    const running = locks.withoutOverlapping('report', () => opened);
    const late = locks.withoutOverlapping('report', () => 1, { waitFor: '10ms' });
    await expect(late).rejects.toThrow(errorWith('E_LOCK_TIMEOUT', '"report"'));
    open();
    await running;
  });
});

describe('a funnel', () => {
  test('lets so many through at once, and the others after them', async () => {
    let inside = 0;
    let most = 0;
    const work = async (number: number) => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise(setImmediate);
      inside -= 1;
      return number;
    };
    const funnel = locks.funnel('reports').limit(3).block('30s');
    const results = Array.from({ length: 20 }, (_, number) => funnel.run(() => work(number)));
    expect(await Promise.all(results)).toEqual(Array.from({ length: 20 }, (_, number) => number));
    expect(most).toBe(3);
    expect(await locks.held()).toEqual([]);
  });

  test('lets one through at once when it is not told how many', async () => {
    const { opened, open } = gate();
    const running = locks.funnel('reports').run(() => opened);
    expect(
      await locks
        .funnel('reports')
        .block(0)
        .run(
          () => 1,
          () => 'full',
        ),
    ).toBe('full');
    open();
    await running;
    expect(
      await locks
        .funnel('reports')
        .block(0)
        .run(
          () => 1,
          () => 'full',
        ),
    ).toBe(1);
  });

  test('throws when it is full, and nobody said what to do then', async () => {
    const { opened, open } = gate();
    const full = locks.funnel('reports').limit(2).block('10ms');
    const running = [full.run(() => opened), full.run(() => opened)];
    await expect(full.run(() => 1)).rejects.toThrow(
      errorWith(
        'E_LOCK_TIMEOUT',
        `The lock "reports" did not come free in 10.00ms: this process (pid ${process.pid}) holds it since 2026-01-01T00:00:00.000Z, and 1 more hold the others.`,
      ),
    );
    open();
    await Promise.all(running);
  });

  test('holds a place for a minute, or for as long as it is told, bound to this process', async () => {
    const held = () => locks.held();
    expect(await locks.funnel('reports').limit(2).run(held)).toMatchObject([
      { name: 'reports#1', expiresAt: NOW + 60_000, boundTo: thisProcess() },
    ]);
    expect(await locks.funnel('reports').releaseAfter('5s').run(held)).toMatchObject([
      { expiresAt: NOW + 5000 },
    ]);
  });

  test('gives the callback its place, to refresh it', async () => {
    await locks.funnel('reports').run(async (place) => {
      travel('59s');
      expect(await place.refresh()).toBe(true);
      expect(await place.remaining()).toBe(60_000);
    });
  });

  test('gives a place back when the callback fails', async () => {
    const failed = locks.funnel('reports').run(() => Promise.reject(new Error('It broke')));
    await expect(failed).rejects.toThrow('It broke');
    expect(await locks.held()).toEqual([]);
  });

  test('gives a place back by its stored name when there is a prefix', async () => {
    const store = new MemoryLockStore();
    const prefixed = new Locks(() => store, { prefix: 'app:' });
    const inside = await prefixed.funnel('reports').run(() => store.held());
    expect(inside).toMatchObject([{ name: 'app:reports#1' }]);
    expect(await store.held()).toEqual([]);
  });

  test('refuses what it cannot take', () => {
    const funnel = locks.funnel('reports');
    for (const limit of [0, -1, 1.5, NaN]) expect(() => funnel.limit(limit)).toThrow(RangeError);
    expect(() => funnel.releaseAfter(0)).toThrow(RangeError);
    expect(() => funnel.block('soon')).toThrow(TypeError);
  });
});
