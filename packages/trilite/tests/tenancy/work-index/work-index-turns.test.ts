import { clock } from '../../../src/support/clock';
import type { LeaseRequest } from '../../../src/tenancy/work-index/work-lease-store';
import { lease, pass, release, row, store, touch, useWorkIndex } from './work-index-under-test';

useWorkIndex();

/** Turns of so many milliseconds, of tenants that always have more to do; who had them. */
async function turns(
  count: number,
  elapsedMs: number,
  request: Partial<LeaseRequest> = {},
): Promise<string[]> {
  const had: string[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    const given = await lease(request);
    had.push(given.tenantId);
    await release(given, 'due', elapsedMs);
  }
  return had;
}

function times(had: readonly string[], tenantId: string): number {
  return had.filter((one) => one === tenantId).length;
}

describe('turns', () => {
  test('are given to all who are due, in equal times', async () => {
    for (const tenantId of ['a', 'b', 'c']) await touch(tenantId);
    const had: string[] = [];
    for (let turn = 0; turn < 300; turn += 1) {
      const given = await lease();
      had.push(given.tenantId);
      // The turns of one of them are twice as long.
      await release(given, 'due', given.tenantId === 'a' ? 200 : 100);
    }
    expect(times(had, 'a')).toBe(60);
    expect(times(had, 'b')).toBe(120);
  });

  test('of a tenant of weight 2 are twice as many', async () => {
    await touch('acme');
    await store.touch('globex', 'default', clock.now(), 2);
    const had = await turns(300, 100);
    expect(times(had, 'globex')).toBe(200);
    await store.setWeight('globex', 0.5);
    expect(times(await turns(300, 100), 'globex')).toBeCloseTo(100, -1);
  });

  test('keep the weight in a new queue of the tenant', async () => {
    await store.touch('acme', 'mails', clock.now(), 3);
    await touch('acme', 'reports');
    expect(await row('acme', 'reports')).toMatchObject({ weight: 3 });
  });

  test('of a tenant with many queues are no more than those of one with one', async () => {
    for (const queue of ['a', 'b', 'c']) await touch('acme', queue);
    await touch('globex');
    const had = await turns(100, 100);
    expect(times(had, 'globex')).toBe(50);
  });

  test('are given to each of its queues', async () => {
    for (const queue of ['a', 'b', 'c']) await touch('acme', queue);
    const queues = new Set<string>();
    for (let turn = 0; turn < 3; turn += 1) {
      const given = await lease();
      queues.add(given.queue);
      pass(1);
      await release(given, 'due');
    }
    expect(queues.size).toBe(3);
  });

  test('are given to each of its queues, even if one came when virtual time was far ahead', async () => {
    await touch('globex');
    await touch('initech');
    await turns(10, 1000);
    await turns(10, 1000, { except: ['globex'] });
    await touch('acme', 'a', 100_000);
    await touch('acme', 'b');
    await turns(2, 1000, { except: ['globex'] });
    pass(100_000);
    const queues = new Set<string>();
    for (let turn = 0; turn < 100; turn += 1) {
      const given = await lease();
      queues.add(`${given.tenantId} ${given.queue}`);
      pass(1);
      await release(given, 'due', 1000);
    }
    expect(queues).toContain('acme a');
    expect(queues).toContain('acme b');
  });

  test('are given at once to whoever comes, however long another has been flooding', async () => {
    await touch('acme');
    await turns(1000, 250);
    await touch('globex');
    expect(await turns(2, 250)).toContain('globex');
  });

  test('that a tenant did not use are not owed to it', async () => {
    await touch('idle', 'default', 1_000_000);
    await touch('acme');
    await turns(1000, 1000);
    pass(1_000_000);
    const had = await turns(20, 1000);
    expect(times(had, 'idle')).toBe(10);
  });

  test('that were taken while nobody else was there are not held against a tenant', async () => {
    await touch('acme');
    await turns(1000, 1000);
    await release(await lease(), { dueAt: clock.now() + 10_000 });
    await touch('globex');
    await turns(1, 1000);
    pass(10_000);
    expect(times(await turns(20, 1000), 'acme')).toBeGreaterThanOrEqual(9);
  });

  test('that take no time are counted nevertheless', async () => {
    await touch('acme');
    await touch('globex');
    expect(times(await turns(10, 0), 'globex')).toBe(5);
  });

  test('of a tenant that was paused for long keep the others waiting for a minute at most', async () => {
    await touch('paused');
    await touch('acme');
    await turns(1, 1);
    await turns(1000, 1000, { except: ['paused'] });
    const had = await turns(70, 1000);
    expect(times(had, 'acme')).toBeGreaterThan(3);
    expect(times(had, 'paused')).toBeGreaterThan(30);
  });
});
