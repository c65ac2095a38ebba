import { existsSync } from 'node:fs';
import * as fc from 'fast-check';
import { clock } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import type { HeldLock, LockRequest, LockStore } from '../../src/cache/locks/lock-store';
import { thisProcess } from '../../src/support/owner';

/** A store to be tried, empty; `elsewhere` leads to the same locks as another process would, where the driver has more than one. */
export interface LockStoreUnderTest {
  readonly store: LockStore;
  readonly elsewhere: LockStore;
  close(): Promise<void>;
}

type Subject = () => LockStoreUnderTest;

const NOW = Date.UTC(2026, 0, 1);

/** A process that once had this process's pid. */
const GONE = thisProcess().replace(/[^/]*$/, '1');

export function lockRequest(differences: Partial<LockRequest> = {}): LockRequest {
  return { names: ['lock'], owner: 'me', ttlMs: 1000, boundTo: undefined, ...differences };
}

/** Every promise of `LockStore`, to be kept by every driver. */
export function testLockStore(name: string, create: () => Promise<LockStoreUnderTest>): void {
  describe(`${name} keeps the contract of a lock store`, () => {
    let subject: LockStoreUnderTest;

    beforeEach(async () => {
      subject = await create();
      travelTo(NOW);
    });

    afterEach(async () => {
      travelBack();
      await subject.close();
    });

    testAcquire(() => subject);
    testSlots(() => subject);
    testRelease(() => subject);
    testRefresh(() => subject);
    testHeld(() => subject);
    testSweep(() => subject);
    // Without /proc nobody can tell that a process is gone
    (existsSync('/proc/self/stat') ? describe : describe.skip)('bound locks', () => {
      testAbandoned(() => subject);
    });

    test('any sequence of calls ends as in a simple model', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          travelTo(NOW);
          const { store } = subject;
          for (const { name } of await store.held()) await store.forceRelease(name);
          const model = new LockModel();
          for (const one of steps) {
            if (one.do === 'travel') travel(one.milliseconds / 1000);
            else expect(await perform(store, one)).toStrictEqual(await perform(model, one));
          }
        }),
        { numRuns: 200 },
      );
    });
  });
}

function testAcquire(subject: Subject): void {
  test('a free lock is given', async () => {
    expect(await subject().store.acquire(lockRequest())).toBe('lock');
  });

  test('a held lock is not given again, neither to another nor to its owner, here or elsewhere', async () => {
    const { store, elsewhere } = subject();
    await store.acquire(lockRequest());
    for (const owner of ['me', 'you']) {
      expect(await store.acquire(lockRequest({ owner }))).toBeUndefined();
      expect(await elsewhere.acquire(lockRequest({ owner }))).toBeUndefined();
    }
    expect(await store.held()).toMatchObject([{ owner: 'me', expiresAt: NOW + 1000 }]);
  });

  test('a lock is held until the moment it expires, and not a millisecond longer', async () => {
    const { store } = subject();
    await store.acquire(lockRequest());
    travel('999ms');
    expect(await store.acquire(lockRequest({ owner: 'you' }))).toBeUndefined();
    travel('1ms');
    expect(await store.acquire(lockRequest({ owner: 'you' }))).toBe('lock');
    expect(await store.held()).toMatchObject([{ owner: 'you', acquiredAt: NOW + 1000 }]);
  });

  test('names differ by every character', async () => {
    const { store } = subject();
    const names = ['a', 'A', 'a ', 'ä', 'a\u0000', "a'", 'a"', '["a"]', 'a%', '__proto__', '😀'];
    for (const name of names) {
      expect(await store.acquire(lockRequest({ names: [name] }))).toBe(name);
    }
    for (const name of names) expect(await store.release(name, 'me')).toBe(true);
    expect(await store.held()).toEqual([]);
  });

  test('of many who ask at once, one is given it', async () => {
    const { store, elsewhere } = subject();
    const owners = Array.from({ length: 50 }, (_, index) => `owner ${index}`);
    const given = await Promise.all(
      owners.map((owner, index) =>
        (index % 2 === 0 ? store : elsewhere).acquire(lockRequest({ owner })),
      ),
    );
    expect(given.filter((name) => name !== undefined)).toEqual(['lock']);
    const winner = owners[given.indexOf('lock')];
    expect(await elsewhere.held()).toMatchObject([{ owner: winner }]);
  });

  test('of many who ask at once for an expired lock, one is given it', async () => {
    const { store, elsewhere } = subject();
    await store.acquire(lockRequest());
    travel('1s');
    const given = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? store : elsewhere).acquire(lockRequest({ owner: `owner ${index}` })),
      ),
    );
    expect(given.filter((name) => name !== undefined)).toEqual(['lock']);
  });
}

function testSlots(subject: Subject): void {
  const names = ['slot 1', 'slot 2', 'slot 10'];

  test('of several locks the first that is free is given', async () => {
    const { store } = subject();
    await store.acquire(lockRequest({ names: ['slot 2'] }));
    expect(await store.acquire(lockRequest({ names }))).toBe('slot 1');
    expect(await store.acquire(lockRequest({ names }))).toBe('slot 10');
    expect(await store.acquire(lockRequest({ names }))).toBeUndefined();
    await store.release('slot 2', 'me');
    expect(await store.acquire(lockRequest({ names, owner: 'you' }))).toBe('slot 2');
    travel('1s');
    expect(await store.acquire(lockRequest({ names }))).toBe('slot 1');
  });

  test('of many who ask at once as many are given one as there are', async () => {
    const { store, elsewhere } = subject();
    const given = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? store : elsewhere).acquire(
          lockRequest({ names, owner: `owner ${index}` }),
        ),
      ),
    );
    expect(given.filter((name) => name !== undefined).sort()).toEqual([...names].sort());
  });
}

function testRelease(subject: Subject): void {
  test('its owner gives a lock back, once', async () => {
    const { store, elsewhere } = subject();
    await store.acquire(lockRequest());
    expect(await elsewhere.release('lock', 'me')).toBe(true);
    expect(await store.release('lock', 'me')).toBe(false);
    expect(await store.acquire(lockRequest({ owner: 'you' }))).toBe('lock');
  });

  test('another cannot give it back', async () => {
    const { store } = subject();
    await store.acquire(lockRequest());
    expect(await store.release('lock', 'you')).toBe(false);
    expect(await store.held(['lock'])).toMatchObject([{ owner: 'me' }]);
  });

  test('an expired lock is no longer its owner’s to give back', async () => {
    const { store } = subject();
    await store.acquire(lockRequest());
    travel('1s');
    expect(await store.release('lock', 'me')).toBe(false);
    await store.acquire(lockRequest({ owner: 'you' }));
    expect(await store.release('lock', 'me')).toBe(false);
    expect(await store.held(['lock'])).toMatchObject([{ owner: 'you' }]);
  });

  test('a lock is taken from whoever holds it, and it is told whether somebody did', async () => {
    const { store } = subject();
    expect(await store.forceRelease('lock')).toBe(false);
    await store.acquire(lockRequest());
    await store.acquire(lockRequest({ names: ['other'] }));
    expect(await store.forceRelease('lock')).toBe(true);
    expect(await store.held()).toMatchObject([{ name: 'other' }]);
    travel('1s');
    expect(await store.forceRelease('other')).toBe(false);
  });
}

function testRefresh(subject: Subject): void {
  test('its owner has a lock held for longer, or less long, from now on', async () => {
    const { store } = subject();
    await store.acquire(lockRequest());
    travel('900ms');
    expect(await store.refresh('lock', 'me', 1000)).toBe(true);
    expect(await store.held()).toMatchObject([{ acquiredAt: NOW, expiresAt: NOW + 1900 }]);
    expect(await store.refresh('lock', 'me', 1)).toBe(true);
    travel('1ms');
    expect(await store.held()).toEqual([]);
  });

  test('a lock that expired, or that another holds, is not refreshed', async () => {
    const { store } = subject();
    expect(await store.refresh('lock', 'me', 1000)).toBe(false);
    await store.acquire(lockRequest());
    expect(await store.refresh('lock', 'you', 5000)).toBe(false);
    travel('1s');
    expect(await store.refresh('lock', 'me', 1000)).toBe(false);
    expect(await store.held()).toEqual([]);
  });
}

function testHeld(subject: Subject): void {
  test('the locks that are held are told by name, with all that is known of them', async () => {
    const { store, elsewhere } = subject();
    const boundTo = thisProcess();
    await store.acquire(lockRequest({ names: ['b'], boundTo }));
    await store.acquire(lockRequest({ names: ['a'], owner: 'you', ttlMs: 500 }));
    const a: HeldLock = {
      name: 'a',
      owner: 'you',
      acquiredAt: NOW,
      expiresAt: NOW + 500,
      boundTo: undefined,
      isAbandoned: false,
    };
    const b: HeldLock = { ...a, name: 'b', owner: 'me', expiresAt: NOW + 1000, boundTo };
    expect(await elsewhere.held()).toStrictEqual([a, b]);
    expect(await store.held(['b', 'c', 'b'])).toStrictEqual([b]);
    expect(await store.held([])).toEqual([]);
    travel('500ms');
    expect(await store.held()).toStrictEqual([b]);
  });
}

function testSweep(subject: Subject): void {
  test('locks that expired are gone after some more acquires, and held ones are not', async () => {
    const { store } = subject();
    for (let index = 0; index < 20; index += 1) {
      await store.acquire(lockRequest({ names: [`old ${index}`] }));
    }
    await store.acquire(lockRequest({ names: ['held'], ttlMs: 3_600_000 }));
    travel('1s');
    for (let index = 0; index < 50; index += 1) {
      await store.acquire(lockRequest({ names: ['new'] }));
    }
    travelTo(NOW); // what is there still would be held again
    expect((await store.held()).map(({ name }) => name)).toEqual(['held', 'new']);
  });
}

function testAbandoned(subject: Subject): void {
  test('a lock bound to a process that lives is held', async () => {
    const { store, elsewhere } = subject();
    await store.acquire(lockRequest({ boundTo: thisProcess() }));
    expect(await elsewhere.acquire(lockRequest({ owner: 'you' }))).toBeUndefined();
  });

  test('a lock bound to a process that is gone is told so, and given to who asks next', async () => {
    const { store, elsewhere } = subject();
    await store.acquire(lockRequest({ boundTo: GONE }));
    expect(await elsewhere.held()).toMatchObject([{ owner: 'me', isAbandoned: true }]);
    expect(await elsewhere.acquire(lockRequest({ owner: 'you' }))).toBe('lock');
    expect(await store.held()).toMatchObject([
      { owner: 'you', boundTo: undefined, isAbandoned: false },
    ]);
    expect(await store.release('lock', 'me')).toBe(false);
  });

  test('of many who ask at once for an abandoned lock, one is given it', async () => {
    const { store, elsewhere } = subject();
    await store.acquire(lockRequest({ boundTo: GONE }));
    const given = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? store : elsewhere).acquire(
          lockRequest({ owner: `owner ${index}`, boundTo: thisProcess() }),
        ),
      ),
    );
    expect(given.filter((name) => name !== undefined)).toEqual(['lock']);
  });

  test('of several locks an abandoned one is given when none is free', async () => {
    const { store } = subject();
    await store.acquire(lockRequest({ names: ['a'], boundTo: thisProcess() }));
    await store.acquire(lockRequest({ names: ['b'], boundTo: GONE }));
    const names = ['a', 'b', 'c'];
    expect(await store.acquire(lockRequest({ names, owner: 'you' }))).toBe('c');
    expect(await store.acquire(lockRequest({ names, owner: 'you' }))).toBe('b');
    expect(await store.acquire(lockRequest({ names, owner: 'you' }))).toBeUndefined();
  });

  test('a lock bound to nobody is held until it expires, whoever its owner is', async () => {
    const { store } = subject();
    await store.acquire(lockRequest({ owner: `${GONE}/x` }));
    expect(await store.acquire(lockRequest({ owner: 'you' }))).toBeUndefined();
    expect(await store.held()).toMatchObject([{ isAbandoned: false }]);
  });

  test('a lock bound to a process of another machine is held until it expires', async () => {
    const { store } = subject();
    await store.acquire(lockRequest({ boundTo: '00000000-0000-0000-0000-000000000000/1/1/1' }));
    expect(await store.acquire(lockRequest({ owner: 'you' }))).toBeUndefined();
    travel('1s');
    expect(await store.acquire(lockRequest({ owner: 'you' }))).toBe('lock');
  });
}

/** The contract in its simplest form: a Map. */
class LockModel implements LockStore {
  readonly #locks = new Map<string, HeldLock>();

  async acquire({ names, owner, ttlMs, boundTo }: LockRequest) {
    const name =
      names.find((one) => this.#live(one) === undefined) ??
      names.find((one) => this.#live(one)?.isAbandoned === true);
    if (name === undefined) return undefined;
    const acquiredAt = clock.now();
    const isAbandoned = boundTo === GONE;
    const times = { acquiredAt, expiresAt: acquiredAt + ttlMs };
    this.#locks.set(name, { name, owner, ...times, boundTo, isAbandoned });
    return name;
  }

  async release(name: string, owner: string) {
    return this.#live(name)?.owner === owner && this.#locks.delete(name);
  }

  async forceRelease(name: string) {
    return this.#live(name) !== undefined && this.#locks.delete(name);
  }

  async refresh(name: string, owner: string, ttlMs: number) {
    const lock = this.#live(name);
    if (lock?.owner !== owner) return false;
    this.#locks.set(name, { ...lock, expiresAt: clock.now() + ttlMs });
    return true;
  }

  async held(names = ['a', 'b', 'c']) {
    return ['a', 'b', 'c']
      .filter((name) => names.includes(name))
      .flatMap((name) => this.#live(name) ?? []);
  }

  #live(name: string) {
    const lock = this.#locks.get(name);
    return (lock?.expiresAt ?? 0) > clock.now() ? lock : undefined;
  }
}

const name = fc.constantFrom('a', 'b', 'c');
const owner = fc.constantFrom('me', 'you');
const ttlMs = fc.integer({ min: 1, max: 50 });
const boundTo = fc.constantFrom(
  undefined,
  ...(existsSync('/proc/self/stat') ? [thisProcess(), GONE] : []),
);

type Call =
  | ({ readonly do: 'acquire' } & LockRequest)
  | { readonly do: 'release'; name: string; owner: string }
  | { readonly do: 'refresh'; name: string; owner: string; ttlMs: number }
  | { readonly do: 'forceRelease'; name: string }
  | { readonly do: 'held'; names: string[] | undefined };
type Step = Call | { readonly do: 'travel'; milliseconds: number };

function weighted<T>(weight: number, arbitrary: fc.Arbitrary<T>) {
  return { weight, arbitrary };
}

const names = fc.uniqueArray(name, { minLength: 1 });

const step: fc.Arbitrary<Step> = fc.oneof(
  weighted(8, fc.record({ do: fc.constant('acquire'), names, owner, ttlMs, boundTo })),
  weighted(4, fc.record({ do: fc.constant('release'), name, owner })),
  weighted(3, fc.record({ do: fc.constant('refresh'), name, owner, ttlMs })),
  weighted(1, fc.record({ do: fc.constant('forceRelease'), name })),
  weighted(3, fc.record({ do: fc.constant('held'), names: fc.option(names, { nil: undefined }) })),
  weighted(
    3,
    fc.record({ do: fc.constant('travel'), milliseconds: fc.integer({ min: 1, max: 30 }) }),
  ),
);

async function perform(store: LockStore, call: Call): Promise<unknown> {
  switch (call.do) {
    case 'acquire':
      return store.acquire(call);
    case 'release':
      return store.release(call.name, call.owner);
    case 'refresh':
      return store.refresh(call.name, call.owner, call.ttlMs);
    case 'forceRelease':
      return store.forceRelease(call.name);
    case 'held':
      return store.held(call.names);
  }
}
