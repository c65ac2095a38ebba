import type { NewJob, RelayedPush, RelayRequest } from '../../src/queue/queue-store';
import {
  claimIds,
  failOne,
  followUp,
  newBatch,
  newJob,
  runOne,
  statesOf,
  type Subject,
} from './queue-store-under-test';

function row(seq: number, ...jobs: readonly NewJob[]): RelayedPush {
  return { seq, jobs, batch: undefined };
}

function rows(generation: string, ...numbers: readonly number[]): RelayRequest {
  return { generation, rows: numbers.map((seq) => row(seq, newJob(`${generation}-${seq}`))) };
}

export function testRelay(subject: Subject): void {
  test('stores what was dispatched, and remembers how far it came', async () => {
    const { store, elsewhere } = subject();
    expect(await store.relayed('g')).toBe(0);
    expect(await store.relay(rows('g', 1, 2, 5))).toBe(5);
    expect(await elsewhere.relayed('g')).toBe(5);
    expect(await claimIds(store, { limit: 9 })).toEqual(['g-1', 'g-2', 'g-5']);
  });

  test('stores no number twice, whatever has become of its jobs', async () => {
    const { store, elsewhere } = subject();
    await store.relay(rows('g', 1, 2));
    await runOne(store);
    await store.prune(Infinity);
    await failOne(store);
    await store.forget({});
    expect(await elsewhere.relay(rows('g', 1, 2))).toBe(2);
    expect(await elsewhere.relay(rows('g', 2, 3))).toBe(3);
    expect(await claimIds(store, { limit: 9 })).toEqual(['g-3']);
  });

  test('asked for by two processes at once stores each number once', async () => {
    const { store, elsewhere } = subject();
    const numbers = Array.from({ length: 50 }, (_, index) => index + 1);
    const relays = [store, elsewhere, store, elsewhere].map((one, index) =>
      one.relay(rows('g', ...numbers.slice(index * 5, 30 + index * 6))),
    );
    await Promise.all(relays);
    expect(await store.relayed('g')).toBe(48);
    expect(await claimIds(store, { limit: 99 })).toHaveLength(48);
  });

  test('counts each generation by itself', async () => {
    const { store } = subject();
    await store.relay(rows('g', 7));
    expect(await store.relayed('h')).toBe(0);
    expect(await store.relay(rows('h', 1))).toBe(1);
    expect(await store.relayed('g')).toBe(7);
    expect(await claimIds(store, { limit: 9 })).toEqual(['g-7', 'h-1']);
  });

  test('stores all or none, and remembers nothing then', async () => {
    const { store } = subject();
    const broken = newJob('broken', { priority: 'high' as never });
    const request = { generation: 'g', rows: [row(1, newJob('a')), row(2, broken)] };
    await expect(store.relay(request)).rejects.toThrow();
    expect(await store.relayed('g')).toBe(0);
    expect(await store.find('a')).toBeUndefined();
  });

  test('stores the jobs of one dispatch together, with their batch', async () => {
    const { store } = subject();
    const batch = newBatch('batch', { onDone: followUp('then', { queue: 'after' }) });
    const request = {
      generation: 'g',
      rows: [{ seq: 1, jobs: [newJob('a'), newJob('b')], batch }],
    };
    await store.relay(request);
    expect(await store.findBatch('batch')).toMatchObject({ total: 2 });
    await store.relay(request);
    expect(await store.findBatch('batch')).toMatchObject({ total: 2 });
    await runOne(store);
    await runOne(store);
    expect(await statesOf(store, 'then')).toEqual(['waiting']);
  });

  test('judges keys then, in the order of the commits', async () => {
    const { store } = subject();
    const unique = { key: 'one', until: 'done' } as const;
    const debounce = { key: 'index' };
    await store.relay({
      generation: 'g',
      rows: [
        row(1, newJob('a', { unique }), newJob('b', { debounce, availableAt: 0 })),
        row(2, newJob('c', { unique }), newJob('d', { debounce, payload: '"last"' })),
      ],
    });
    expect(await statesOf(store, 'a', 'b', 'c', 'd')).toEqual([
      'waiting',
      'waiting',
      undefined,
      undefined,
    ]);
    expect(await store.find('b')).toMatchObject({ payload: '"last"' });
  });

  test('keeps when each was dispatched, and when it is due', async () => {
    const { store } = subject();
    await store.relay({
      generation: 'g',
      rows: [row(1, newJob('a', { createdAt: 1000, availableAt: 6000 }))],
    });
    expect(await store.find('a')).toMatchObject({ createdAt: 1000, availableAt: 6000 });
  });

  test('of a file that was put back stores again only what is not known', async () => {
    const { store } = subject();
    const ids = ['done', 'failed', 'waiting'];
    const dispatched = ids.map((id, index) => row(index + 1, newJob(id)));
    const batch = { seq: 4, jobs: [newJob('member')], batch: newBatch('batch') };
    await store.relay({ generation: 'g', rows: [...dispatched, batch] });
    await runOne(store);
    await failOne(store);
    const again = [...dispatched, batch, row(5, newJob('new'))];
    expect(await store.relay({ generation: 'after the restore', rows: again })).toBe(5);
    expect(await statesOf(store, ...ids, 'member', 'new')).toEqual([
      'done',
      'failed',
      'waiting',
      'waiting',
      'waiting',
    ]);
    expect(await store.findBatch('batch')).toMatchObject({ total: 1 });
  });
}
