import type { QueueStore, RelayRequest } from '../../src/queue/queue-store';
import { queueMigrations } from '../../src/queue/sqlite/schema';
import { SqliteQueueStore } from '../../src/queue/sqlite/sqlite-queue-store';
import { FailoverQueueStore } from '../../src/queue/stores/failover-queue-store';
import { NullQueueStore } from '../../src/queue/stores/null-queue-store';
import { claimIds, newBatch, newJob } from '../contracts/queue-store-under-test';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';

/** A store that answers, or does not, as the test wants it. */
class Switched {
  isDown = false;
  readonly store: QueueStore;

  constructor(behind: QueueStore) {
    this.store = new Proxy(behind, {
      get: (target, name) => {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== 'function') return member;
        return (...values: unknown[]): unknown =>
          this.isDown
            ? Promise.reject(new Error('disk I/O error'))
            : (member as (...given: unknown[]) => unknown).apply(target, values);
      },
    });
  }
}

let files: TemporaryFile[];
let first: Switched;
let second: Switched;
let failover: FailoverQueueStore;
let told: string[];

function over(...switched: readonly Switched[]): FailoverQueueStore {
  const names = ['first', 'second', 'third'];
  return new FailoverQueueStore({
    stores: () => switched.map(({ store }, index) => ({ name: String(names[index]), store })),
    onFailedOver: (from, error) => told.push(`${from}: ${error.message}`),
  });
}

beforeEach(async () => {
  files = [await createTemporaryFile(queueMigrations), await createTemporaryFile(queueMigrations)];
  [first, second] = files.map(
    ({ connection }) => new Switched(new SqliteQueueStore(connection)),
  ) as [Switched, Switched];
  told = [];
  failover = over(first, second);
});

afterEach(() => Promise.all(files.map((file) => file.close())));

function rows(...numbers: readonly number[]): RelayRequest {
  const toRow = (seq: number) => ({ seq, jobs: [newJob(`job ${seq}`)], batch: undefined });
  return { generation: 'g', rows: numbers.map(toRow) };
}

async function claimed(): Promise<string[][]> {
  first.isDown = second.isDown = false;
  return [await claimIds(first.store, { limit: 9 }), await claimIds(second.store, { limit: 9 })];
}

describe('a push', () => {
  test('goes to the preferred connection while that answers', async () => {
    expect(await failover.push([newJob('a')])).toEqual([{ id: 'a', outcome: 'stored' }]);
    expect(await claimed()).toEqual([['a'], []]);
    expect(told).toEqual([]);
  });

  test('goes to the next one that answers, with its batch', async () => {
    first.isDown = true;
    await failover.push([newJob('a')], newBatch('batch'));
    expect(await claimed()).toEqual([[], ['a']]);
    expect(await second.store.findBatch('batch')).toMatchObject({ total: 1 });
  });

  test('goes to the preferred one again once that answers', async () => {
    first.isDown = true;
    await failover.push([newJob('a')]);
    first.isDown = false;
    await failover.push([newJob('b')]);
    expect(await claimed()).toEqual([['b'], ['a']]);
  });

  test('that nobody takes throws what the last one threw', async () => {
    first.isDown = second.isDown = true;
    await expect(failover.push([newJob('a')])).rejects.toThrow('disk I/O error');
  });

  test('that is the fault of its caller goes nowhere else', async () => {
    const broken = over(
      new Switched({
        push: () => Promise.reject(new TypeError('Expected `queue`')),
      } as unknown as QueueStore),
      second,
    );
    await expect(broken.push([newJob('a')])).rejects.toThrow(TypeError);
    expect(await claimIds(second.store)).toEqual([]);
    expect(told).toEqual([]);
  });

  test('tells once that a connection fails, until it answers again', async () => {
    first.isDown = true;
    await failover.push([newJob('a')]);
    await failover.push([newJob('b')]);
    expect(told).toEqual(['first: disk I/O error']);
    first.isDown = false;
    await failover.push([newJob('c')]);
    first.isDown = true;
    await failover.push([newJob('d')]);
    expect(told).toHaveLength(2);
  });
});

describe('what was pushed', () => {
  test('is found, and cancelled, wherever it lies', async () => {
    await failover.push([newJob('a')]);
    first.isDown = true;
    await failover.push([newJob('b')]);
    first.isDown = false;
    expect(await failover.find('a')).toMatchObject({ state: 'waiting' });
    expect(await failover.cancel('b')).toBe('cancelled');
    expect(await failover.find('b')).toMatchObject({ state: 'cancelled' });
    expect(await failover.find('nobody')).toBeUndefined();
  });

  test('is found although the preferred connection does not answer', async () => {
    first.isDown = true;
    await failover.push([newJob('a')]);
    expect(await failover.find('a')).toMatchObject({ state: 'waiting' });
  });

  test('is not said to be unknown while where it lies does not answer', async () => {
    await failover.push([newJob('a')]);
    first.isDown = true;
    await expect(failover.find('a')).rejects.toThrow('disk I/O error');
    await expect(failover.cancel('a')).rejects.toThrow('disk I/O error');
  });

  test('is not claimed here: each connection has workers of its own', async () => {
    await failover.push([newJob('a')]);
    expect(await failover.claim()).toEqual([]);
    await expect(failover.complete()).rejects.toMatchObject({ code: 'E_QUEUE_UNSUPPORTED' });
  });

  test('is kept when it is done as long as every connection keeps it', () => {
    expect(failover.keepsDone).toBe(true);
    expect(over(first, new Switched(new NullQueueStore())).keepsDone).toBe(false);
  });
});

describe('a relay', () => {
  test('goes on in the preferred connection where the other one left off', async () => {
    await failover.relay(rows(1));
    first.isDown = true;
    await failover.relay(rows(2));
    first.isDown = false;
    expect(await failover.relayed('g')).toBe(2);
    await failover.relay(rows(3));
    expect(await claimed()).toEqual([['job 1', 'job 3'], ['job 2']]);
  });

  test('does not begin anew when the connection that it came to does not answer', async () => {
    await failover.relay(rows(1, 2));
    first.isDown = true;
    expect(await failover.relayed('g')).toBe(2);
  });

  test('to one that remembers nothing is remembered here', async () => {
    const forgetful = new Switched(new NullQueueStore());
    const mixed = over(first, forgetful);
    first.isDown = true;
    expect(await mixed.relay(rows(1, 2))).toBe(2);
    expect(await mixed.relayed('g')).toBe(2);
    first.isDown = false;
    expect(await mixed.relayed('g')).toBe(2);
  });

  test('is on the disk once it is in every connection, and each says so', async () => {
    const [one, other] = [{ secure: true }, { secure: true }];
    const stores = [one, other].map((state) => {
      const secure = async (): Promise<boolean> => state.secure;
      return new Switched({ secure } as unknown as QueueStore);
    });
    const both = over(...stores);
    expect(await both.secure()).toBe(true);
    other.secure = false;
    expect(await both.secure()).toBe(false);
    other.secure = true;
    (stores[0] as Switched).isDown = true;
    expect(await both.secure()).toBe(false);
  });
});
