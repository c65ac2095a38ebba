import { clock } from '../../../src/support/clock';
import { WorkIndexStore } from '../../../src/tenancy/work-index/work-index-store';
import {
  GRACE_MS,
  LEASE_MS,
  START,
  elsewhere,
  file,
  lease,
  pass,
  release,
  row,
  store,
  touch,
  tryLease,
  useWorkIndex,
} from './work-index-under-test';

useWorkIndex();

describe('a hint', () => {
  test('is leased to one worker at a time, and says which queue of which tenant', async () => {
    await touch('acme', 'mails');
    expect(await lease()).toMatchObject({ tenantId: 'acme', queue: 'mails' });
    expect(await tryLease()).toBeUndefined();
    expect(await elsewhere.lease({ owner: 'other', leaseMs: LEASE_MS })).toBeUndefined();
  });

  test('is not leased before its job is due', async () => {
    await touch('acme', 'default', 1000);
    expect(await tryLease()).toBeUndefined();
    expect(await store.nextReadyAt()).toBe(START + 1000);
    pass(1000);
    expect(await lease()).toMatchObject({ tenantId: 'acme' });
  });

  test('is due with the first of its jobs, in whichever order they are touched', async () => {
    await touch('acme', 'default', 5000);
    await touch('acme', 'default', 1000);
    await touch('acme', 'default', 9000);
    expect(await row('acme')).toMatchObject({ readyAt: START + 1000 });
  });

  test('goes with an empty read when its last touch is as old as the grace', async () => {
    await touch('acme');
    pass(GRACE_MS);
    await release(await lease(), 'empty');
    expect(await store.list()).toEqual([]);
    expect(await store.nextReadyAt()).toBeUndefined();
  });

  test('is judged at the moment of the read, not of the release', async () => {
    await touch('acme');
    const given = await lease();
    const emptyReadAt = clock.now() + GRACE_MS - 1;
    pass(2 * GRACE_MS);
    await store.release(given, { left: 'empty', emptyReadAt, elapsedMs: 1 });
    expect(await row('acme')).toMatchObject({ readyAt: START + GRACE_MS });
  });

  test('stays when it was touched while it was leased', async () => {
    await touch('acme');
    pass(GRACE_MS);
    const given = await lease();
    const emptyReadAt = clock.now();
    await touch('acme');
    await store.release(given, { left: 'empty', emptyReadAt, elapsedMs: 1 });
    expect(await row('acme')).toMatchObject({ running: 0 });
    expect(await lease()).toMatchObject({ tenantId: 'acme' });
  });

  test('rests until the first delayed job is due', async () => {
    await touch('acme');
    pass(GRACE_MS);
    await release(await lease(), { dueAt: clock.now() + 60_000 });
    expect(await tryLease()).toBeUndefined();
    expect(await store.nextReadyAt()).toBe(clock.now() + 60_000);
    pass(60_000);
    expect(await lease()).toMatchObject({ tenantId: 'acme' });
  });

  test('is leased again at once when due jobs are left', async () => {
    await touch('acme');
    await release(await lease(), 'due');
    expect(await lease()).toMatchObject({ tenantId: 'acme' });
  });

  test('of a tenant that is forgotten is gone, and so is its lease', async () => {
    await touch('acme');
    await touch('globex');
    const given = await lease();
    await store.forget(given.tenantId);
    expect(await release(given, 'due')).toBe(false);
    expect(await store.list()).toHaveLength(1);
  });
});

describe('a read that finds nothing before the end of the grace', () => {
  test('puts the hint off by 1, 2, 4 … milliseconds, up to the end of the grace; then it goes', async () => {
    await touch('acme');
    const waits: number[] = [];
    for (;;) {
      await release(await lease(), 'empty');
      const readyAt = (await row('acme'))?.readyAt;
      if (readyAt === undefined) break;
      waits.push(readyAt - clock.now());
      clock.travelTo(readyAt);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 1905]);
  });

  test('puts it off no longer than to the first delayed job', async () => {
    await touch('acme');
    for (let reads = 0; reads < 5; reads += 1) {
      await release(await lease(), { dueAt: START + 20 });
      clock.travelTo((await row('acme'))?.readyAt ?? 0);
    }
    expect(clock.now()).toBe(START + 20);
  });

  test('is undone by the second touch, and the doubling begins anew', async () => {
    await touch('acme');
    for (let reads = 0; reads < 8; reads += 1) {
      await release(await lease(), 'empty');
      clock.travelTo((await row('acme'))?.readyAt ?? 0);
    }
    await release(await lease(), 'empty');
    expect(await tryLease()).toBeUndefined();
    expect(await touch('acme')).toBe(true);
    await release(await lease(), 'empty');
    expect(await row('acme')).toMatchObject({ readyAt: clock.now() + 1 });
  });

  test('does not undo a touch that came after it', async () => {
    await touch('acme');
    const given = await lease();
    await touch('acme');
    await release(given, 'empty');
    expect(await lease()).toMatchObject({ tenantId: 'acme' });
  });
});

describe('a touch', () => {
  test('writes nothing when one of just now does for it: a flood costs a write every 250 ms', async () => {
    const written: boolean[] = [];
    for (let moment = 0; moment < 10; moment += 1) {
      const stores = [store, elsewhere];
      for (const one of stores) {
        const flood = Array.from({ length: 200 }, () => one.touch('acme', 'default', clock.now()));
        written.push(...(await Promise.all(flood)));
      }
      pass(100);
    }
    expect(written).toHaveLength(4000);
    expect(written.filter(Boolean)).toHaveLength(4);
    expect(await row('acme')).toMatchObject({ seq: 4 });
  });

  test('of a delayed job writes nothing when the hint is ready before', async () => {
    expect(await touch('acme', 'default', 1000)).toBe(true);
    expect(await touch('acme', 'default', 2000)).toBe(false);
    expect(await touch('acme', 'default', 999)).toBe(true);
  });

  test('is written while a lease could still believe an empty read, and not again after it', async () => {
    await touch('acme');
    await lease();
    expect(await touch('acme')).toBe(true);
    expect(await touch('acme')).toBe(false);
  });

  test('is not saved by one from before the clock was put back', async () => {
    await touch('acme');
    clock.travelTo(START - 3_600_000);
    expect(await store.touch('acme', 'default', START - 3_600_000)).toBe(true);
    expect(await row('acme')).toMatchObject({ touchedAt: START - 3_600_000 });
  });
});

describe('a lease', () => {
  test('that ran out is given to another, and its old holder changes nothing any more', async () => {
    await touch('acme');
    const old = await lease({ owner: 'first' });
    pass(LEASE_MS);
    await lease({ owner: 'second' });
    const before = await store.list();
    expect(await release(old, 'empty', 5000)).toBe(false);
    expect(await store.renew(old, LEASE_MS)).toBe(false);
    expect(await store.list()).toEqual(before);
  });

  test('is told from a later one of the same owner', async () => {
    await touch('acme');
    const old = await lease();
    pass(LEASE_MS);
    const given = await lease();
    expect(await release(old, 'empty')).toBe(false);
    expect(await release(given, 'due')).toBe(true);
  });

  test('lasts for as long as it is renewed', async () => {
    await touch('acme');
    const given = await lease();
    for (let time = 0; time < 3; time += 1) {
      pass(LEASE_MS - 1);
      expect(await store.renew(given, LEASE_MS)).toBe(true);
    }
    expect(await tryLease()).toBeUndefined();
    expect(await store.nextReadyAt()).toBe(clock.now() + LEASE_MS);
  });

  test('of an owner that is gone ends at once, and nobody else loses his', async () => {
    await touch('acme');
    await touch('globex');
    const dead = await lease({ owner: 'dead' });
    const alive = await lease({ owner: 'alive' });
    expect(await store.recover((owner) => owner === 'dead')).toBe(1);
    expect(await release(dead, 'empty')).toBe(false);
    expect(await lease()).toMatchObject({ tenantId: dead.tenantId });
    expect(await release(alive, 'due')).toBe(true);
    expect(await store.recover((owner) => owner === 'dead')).toBe(0);
  });

  test('is given once, however many ask at once', async () => {
    const tenants = Array.from({ length: 20 }, (_, index) => `tenant-${index}`);
    await Promise.all(tenants.map((tenantId) => touch(tenantId)));
    const asked = Array.from({ length: 30 }, (_, index) =>
      (index % 2 === 0 ? store : elsewhere).lease({ owner: `${index}`, leaseMs: LEASE_MS }),
    );
    const given = (await Promise.all(asked)).flatMap((one) => one?.tenantId ?? []);
    expect(given.sort()).toEqual(tenants.sort());
  });
});

describe('a tenant', () => {
  test('has no more leases at once than it may, all its queues together', async () => {
    await touch('acme', 'mails');
    await touch('acme', 'reports');
    const one = await lease({ maxPerTenant: 2 });
    const two = await lease({ maxPerTenant: 2 });
    expect(await tryLease({ maxPerTenant: 2 })).toBeUndefined();
    await release(one, 'due');
    await release(two, 'due');
    await lease();
    expect(await tryLease()).toBeUndefined();
  });

  test('is served in one queue by those who serve that alone, whatever others do in another', async () => {
    await touch('acme', 'reports');
    await touch('acme', 'mails');
    await lease({ queues: ['reports'] });
    expect(await lease({ queues: ['mails'] })).toMatchObject({ queue: 'mails' });
    expect(await tryLease({ queues: ['fax'] })).toBeUndefined();
    expect(await store.nextReadyAt({ queues: ['fax'] })).toBe(START + LEASE_MS);
  });

  test('of which one worker finds the queue empty keeps its hint while another is at work', async () => {
    await touch('acme');
    pass(GRACE_MS);
    const working = await lease({ maxPerTenant: 2 });
    const idle = await lease({ maxPerTenant: 2 });
    await release(idle, 'empty');
    expect(await row('acme')).toMatchObject({ running: 1, readyAt: clock.now() + LEASE_MS });
    await release(working, 'due');
    expect(await lease({ maxPerTenant: 2 })).toMatchObject({ tenantId: 'acme' });
  });

  test('keeps its hint when a worker puts a job back that another did not see', async () => {
    await touch('acme');
    pass(GRACE_MS);
    const working = await lease({ maxPerTenant: 2 });
    const late = await lease({ maxPerTenant: 2 });
    await release(working, { dueAt: clock.now() + 1000 });
    await release(late, 'empty');
    expect(await row('acme')).toMatchObject({ readyAt: clock.now() + 1000, running: 0 });
  });

  test('keeps its hint when a worker is killed, whatever another found before', async () => {
    await touch('acme');
    pass(GRACE_MS);
    await lease({ maxPerTenant: 2, leaseMs: 1000 });
    const late = await lease({ maxPerTenant: 2 });
    const emptyReadAt = clock.now();
    pass(1000);
    expect(await tryLease({ except: ['acme'] })).toBeUndefined(); // whoever asks next ends what ran out
    await store.release(late, { left: 'empty', emptyReadAt, elapsedMs: 1 });
    expect(await lease()).toMatchObject({ tenantId: 'acme' });
  });

  test('that is passed over is not leased, and keeps nobody awake', async () => {
    await touch('acme');
    expect(await tryLease({ except: ['acme'] })).toBeUndefined();
    expect(await store.nextReadyAt({ except: ['acme'] })).toBeUndefined();
    expect(await store.nextReadyAt()).toBe(START);
  });

  test('whose one slot is taken keeps nobody awake with another queue', async () => {
    await touch('acme', 'mails');
    await lease();
    await touch('acme', 'reports');
    expect(await store.nextReadyAt()).toBe(START + LEASE_MS);
    expect(await store.nextReadyAt({ maxPerTenant: 2 })).toBe(START);
  });
});

describe('a rebuild', () => {
  const acme = { tenantId: 'acme', queue: 'default', readyAt: START };

  test('brings back what the file has lost', async () => {
    await store.rebuild([acme, { ...acme, queue: 'mails', readyAt: START + 1000 }], clock.now());
    expect(await lease()).toMatchObject({ tenantId: 'acme', queue: 'default' });
    expect(await store.nextReadyAt({ queues: ['mails'] })).toBe(START + 1000);
  });

  test('removes what has no job', async () => {
    await touch('globex');
    pass(GRACE_MS + 1);
    await store.rebuild([acme], clock.now());
    expect((await store.list()).map(({ tenantId }) => tenantId)).toEqual(['acme']);
  });

  test('keeps what was touched while the files were scanned, or so shortly before that its job was not there yet', async () => {
    await touch('before');
    pass(GRACE_MS);
    const scannedFrom = clock.now();
    await touch('meanwhile');
    await store.rebuild([], scannedFrom);
    expect((await store.list()).map(({ tenantId }) => tenantId)).toEqual(['before', 'meanwhile']);
  });

  test('keeps what is leased, and puts nothing off', async () => {
    await touch('leased');
    await lease();
    await touch('acme');
    pass(2 * GRACE_MS);
    await store.rebuild([{ ...acme, readyAt: START + 60_000 }], clock.now());
    expect(await row('leased')).toMatchObject({ running: 1 });
    expect(await row('acme')).toMatchObject({ readyAt: START });
  });

  test('takes as many rows as there are', async () => {
    const found = Array.from({ length: 1201 }, (_, index) => ({ ...acme, tenantId: `t-${index}` }));
    await store.rebuild(found, clock.now());
    expect(await store.list()).toHaveLength(1201);
    pass(GRACE_MS + 1);
    await store.rebuild([], clock.now());
    expect(await store.list()).toEqual([]);
  });
});

test('arguments that make no sense are refused', async () => {
  await expect(store.touch('acme', 'default', NaN)).rejects.toThrow(RangeError);
  await expect(store.touch('acme', 'default', 0, 0)).rejects.toThrow(RangeError);
  await expect(store.setWeight('acme', -1)).rejects.toThrow(RangeError);
  await expect(tryLease({ leaseMs: 0 })).rejects.toThrow(RangeError);
  await expect(tryLease({ maxPerTenant: 0 })).rejects.toThrow(RangeError);
  await touch('acme');
  const given = await lease();
  await expect(store.renew(given, 0.5)).rejects.toThrow(RangeError);
  await expect(release(given, 'due', NaN)).rejects.toThrow(RangeError);
  expect(() => new WorkIndexStore(file.connection, { graceMs: 100 })).toThrow(RangeError);
});
