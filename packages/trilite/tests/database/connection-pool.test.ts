import { AsyncLocalStorage } from 'node:async_hooks';
import { readdirSync, readlinkSync } from 'node:fs';
import type { Connection } from '../../src/database/connection';
import { defaultBudget } from '../../src/database/connection-budget';
import { openConnections } from '../../src/database/connection-holder';
import { ConnectionPool } from '../../src/database/connection-pool';
import { errorWith } from '../helpers/errors';
import { gate } from '../helpers/gate';
import {
  add,
  connect,
  folder,
  inUse,
  made,
  streamed,
  texts,
  three,
  turns,
  usePooledFiles,
} from '../helpers/pooled-connections';

usePooledFiles();

const open = (): string[] => made.filter(({ isOpen }) => isOpen).map(({ name }) => name);

/** The files of this test's folder that this process has open, once for each descriptor. */
const descriptors = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${number}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // the one that lists them
    }
  });

describe('beyond the budget', () => {
  test('the connection rests that was not used for longest', async () => {
    const pool = new ConnectionPool({ budget: 2 });
    const [first, second, third] = three(pool);
    await texts(first);
    await texts(second);
    await texts(first);
    await texts(third);
    expect(open()).toEqual(['0', '2']);
    expect(pool.statistics).toEqual({ open: 2, opened: 3, rested: 1, waits: 0 });
  });

  test.each([
    ['a read', texts],
    ['a write', add],
    ['a stream', streamed],
    ['a transaction', (on: Connection) => on.transaction(async () => undefined)],
    ['what creates the file', (on: Connection) => on.create()],
  ])('%s opens the file and counts as a use', async (_, use) => {
    const [first, second, third] = three(new ConnectionPool({ budget: 2 }));
    await use(first);
    await texts(second);
    await use(first);
    await texts(third);
    expect(open()).toEqual(['0', '2']);
  });

  test('a connection in use stays open, and another one goes', async () => {
    const [first, second, third] = three(new ConnectionPool({ budget: 2 }));
    const end = await inUse(first);
    await texts(second);
    await texts(third);
    expect(open()).toEqual(['0', '2']);
    await end();
  });

  test('the budget is exceeded while all are in use, and kept again after it', async () => {
    const pool = new ConnectionPool({ budget: 1, limit: 3 });
    const ends = await Promise.all(three(pool).map(inUse));
    expect(open()).toEqual(['0', '1', '2']);
    for (const end of ends) await end();
    await turns();
    expect(open()).toHaveLength(1);
    expect(pool.statistics).toEqual({ open: 1, opened: 3, rested: 2, waits: 0 });
  });

  test('a stream keeps its connection open to its end', async () => {
    const [first, second] = three(new ConnectionPool({ budget: 1, limit: 2 }));
    const query = { sql: 'select text from notes', parameters: [], size: 1 };
    for await (const piece of first.stream(query)) {
      expect(piece).toHaveLength(1);
      await texts(second);
      expect(first.isOpen).toBe(true);
    }
    await texts(second);
    expect(open()).toEqual(['1']);
  });

  test('a connection asked from within the read of another does not end that read', async () => {
    const [first, second] = three(new ConnectionPool({ budget: 1, limit: 2 }));
    let inner: Promise<unknown> | undefined;
    const count = await first.read((handle) => {
      inner = texts(second);
      return handle.statement('select count(*) from notes').pluck().get();
    });
    expect([count, await inner]).toEqual([2, ['first', 'second']]);
  });
});

describe('at the limit', () => {
  test.each([
    ['a read', texts],
    ['a write', add],
    ['a stream', streamed],
    ['a transaction', (on: Connection) => on.transaction(async () => undefined)],
  ])('%s waits until one comes free', async (_, use) => {
    const pool = new ConnectionPool({ budget: 1, limit: 1 });
    const [first, second] = three(pool);
    const end = await inUse(first);
    const used = use(second);
    await turns(); // a write asks for room in the next one
    expect([open(), pool.statistics.waits]).toEqual([['0'], 1]);
    await end();
    await used;
    expect(open()).toEqual(['1']);
  });

  test.each([
    ['a read', texts],
    ['a write', add],
    ['a stream', streamed],
    ['a transaction', (on: Connection) => on.transaction(async () => undefined)],
  ])('%s fails when none comes free, and says how many are open', async (_, use) => {
    const pool = new ConnectionPool({ budget: 1, limit: 2 });
    const [first, second, third] = three(pool);
    const ends = [await inUse(first), await inUse(second)];
    await expect(use(third)).rejects.toThrow(
      errorWith('E_POOL_EXHAUSTED', '2 connections, 1 by budget, were open and in use'),
    );
    for (const end of ends) await end();
    await use(third);
  });

  test('who waits keeps its async context', async () => {
    const [first, second] = three(new ConnectionPool({ budget: 1, limit: 1 }));
    const contexts = new AsyncLocalStorage<string>();
    const end = await contexts.run('first', () => inUse(first));
    const [read, written] = contexts.run('second', () => [
      second.read(() => contexts.getStore()),
      second.write(() => contexts.getStore()),
    ]);
    await contexts.run('first', end);
    expect([await read, await written]).toEqual(['second', 'second']);
  });

  test('who waits is served in the order of asking, and with it all who want the same connection', async () => {
    const [first, second, third] = three(new ConnectionPool({ budget: 1, limit: 1 }));
    const end = await inUse(first);
    const served: string[] = [];
    const note = (name: string, on: Connection): Promise<unknown> =>
      on.read(() => served.push(name));
    const reads = [note('second', second), note('third', third), note('second again', second)];
    await end();
    await Promise.all(reads);
    expect(served).toEqual(['second', 'second again', 'third']);
  });

  test('a connection that closes makes room, and who waits for one that closes is told so', async () => {
    const [first, second, third] = three(new ConnectionPool({ budget: 1, limit: 1 }));
    const end = await inUse(first);
    const refused = expect(texts(second)).rejects.toThrow(errorWith('E_CONNECTION_CLOSED'));
    const waiting = texts(third);
    await second.close();
    await refused;
    await Promise.all([end(), first.close()]);
    expect(await waiting).toEqual(['first', 'second']);
  });
});

describe('without use', () => {
  const idleMs = 60_000;

  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: ['setImmediate', 'setTimeout', 'nextTick', 'queueMicrotask', 'performance'],
    });
  });

  test('a connection rests after `idleMs`, and not before', async () => {
    const pool = new ConnectionPool({ budget: 2, idleMs });
    await texts(three(pool)[0]);
    jest.advanceTimersByTime(idleMs - 1);
    expect(open()).toEqual(['0']);
    jest.advanceTimersByTime(idleMs / 2 + 1);
    expect(open()).toEqual([]);
    expect(pool.statistics).toMatchObject({ open: 0, rested: 1 });
  });

  test('a connection that is used meanwhile, or still in use, stays open', async () => {
    const [first, second, third] = three(new ConnectionPool({ budget: 3, idleMs }));
    const end = await inUse(first);
    await texts(second);
    await texts(third);
    for (let round = 0; round < 4; round += 1) {
      jest.advanceTimersByTime(idleMs / 2);
      await texts(second);
    }
    expect(open()).toEqual(['0', '1']);
    await end();
  });

  test('no timer is left when nothing is open', async () => {
    const [first] = three(new ConnectionPool({ budget: 2, idleMs }));
    await texts(first);
    expect(jest.getTimerCount()).toBe(1);
    await first.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('the budget', () => {
  test.each([
    [1024, 85],
    [65_536, 4096],
    [Infinity, 4096],
    [64, 16],
  ])('of a process that may have %d files open is %d connections', (limit, budget) => {
    expect(defaultBudget(limit)).toBe(budget);
  });

  test('is taken from the process by default', () => {
    expect(new ConnectionPool().budget).toBe(defaultBudget());
  });

  test('is at least one, and the limit no smaller', () => {
    expect(() => new ConnectionPool({ budget: 0 })).toThrow(RangeError);
    expect(() => new ConnectionPool({ budget: 3, limit: 2 })).toThrow('`limit`');
    expect(() => new ConnectionPool({ reserve: -1 })).toThrow('`reserve`');
    expect(() => new ConnectionPool({ idleMs: 0 })).toThrow('`idleMs`');
  });
});

/** The same numbers between 0 and 1 in each run. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

test('500 connections work through a budget of 20 without losing anything', async () => {
  const [budget, limit, operations, tasks] = [20, 30, 1500, 40];
  const pool = new ConnectionPool({ budget, limit });
  const connections = connect(pool, 500, '60s');
  const random = numbersFrom(42);
  const written = new Map<Connection, number>();
  const count = (on: Connection): void => void written.set(on, (written.get(on) ?? 0) + 1);
  const uses: ((on: Connection) => Promise<unknown>)[] = [
    async (on) => expect((await texts(on))?.length).toBeGreaterThanOrEqual(2),
    async (on) => expect(await streamed(on)).toBeGreaterThanOrEqual(2),
    async (on) => {
      await add(on);
      count(on);
    },
    async (on) => {
      const insert = 'insert into notes (text) values (?)';
      await on.transaction(async (session) => {
        await session.run((handle) => handle.statement(insert).run('in a transaction'));
        await texts(made[Math.floor(random() * budget)]);
        await session.run((handle) => handle.statement('select 1').get());
      });
      count(on);
    },
  ];
  const most = { members: 0, files: 0, connections: 0 };
  const look = (): void => {
    most.members = Math.max(most.members, pool.statistics.open);
    most.connections = Math.max(most.connections, openConnections.size);
    if (process.platform !== 'linux') return;
    const files = new Set(descriptors().map((path) => path.replace(/-(wal|shm)$/, '')));
    most.files = Math.max(most.files, files.size);
  };
  const [allOpen, mayEnd] = [gate(), gate()];
  let held = 0;
  const beyond = connections.slice(0, budget + 5).map((on) =>
    on.transaction(async (session) => {
      await session.run((handle) => handle.statement('select 1').get());
      held += 1;
      if (held === budget + 5) allOpen.open();
      await mayEnd.opened;
    }),
  );
  await allOpen.opened; // however the rest goes, more are in use at once than the budget has room for
  look();
  mayEnd.open();
  await Promise.all(beyond);
  let left = operations;
  const work = async (): Promise<void> => {
    for (; left > 0;) {
      left -= 1;
      const on = connections[Math.floor(random() * connections.length)];
      const use = uses[Math.floor(random() * uses.length)];
      if (on === undefined || use === undefined) throw new Error('no number of this list');
      await use(on);
      if (left % 25 === 0) look();
    }
  };
  await Promise.all([...Array(tasks).keys()].map(work));
  await turns();

  expect(most.members).toBeGreaterThan(budget);
  expect(Math.max(most.members, most.files, most.connections)).toBeLessThanOrEqual(limit);
  for (const on of connections) {
    expect(await texts(on)).toHaveLength(2 + (written.get(on) ?? 0));
  }
  look();
  expect(pool.statistics.open).toBeLessThanOrEqual(budget);
  expect(openConnections.size).toBe(pool.statistics.open);
  if (process.platform === 'linux') expect(descriptors().length).toBeLessThanOrEqual(6 * budget);
  await Promise.all(connections.map((connection) => connection.close()));
  if (process.platform === 'linux') expect(descriptors()).toEqual([]);
  expect(pool.statistics.open).toBe(0);
});
