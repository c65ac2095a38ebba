import type { Connection } from '../../src/database/connection';
import { ConnectionPool } from '../../src/database/connection-pool';
import { outsideSessions } from '../../src/database/connection-session';
import { errorWith } from '../helpers/errors';
import { gate } from '../helpers/gate';
import {
  add,
  connect,
  inUse,
  streamed,
  texts,
  three,
  turns,
  usePooledFiles,
} from '../helpers/pooled-connections';

usePooledFiles();

describe('inside transactions that hold every place', () => {
  /** Writes to each second file from within a transaction of a first one, all of which are open before the first write. */
  async function writeTwice(
    firsts: readonly Connection[],
    seconds: readonly Connection[],
  ): Promise<void> {
    const begun = firsts.map(() => gate());
    const all = Promise.all(begun.map(({ opened }) => opened));
    await Promise.all(
      firsts.map((first, index) =>
        first.transaction(async () => {
          begun[index]?.open();
          await all;
          await add(seconds[index] as Connection);
        }),
      ),
    );
  }

  test.each([
    [2, 'each opens a second file beyond the limit'],
    [1, 'one after the other opens a second file, as the first ends'],
  ])('with a reserve of %d %s', async (reserve) => {
    const pool = new ConnectionPool({ budget: 2, limit: 2, reserve });
    const connections = connect(pool, 4);
    await writeTwice(connections.slice(0, 2), connections.slice(2));
    await turns();
    expect(pool.statistics.open).toBe(2);
    for (const second of connections.slice(2)) expect(await texts(second)).toContain('more');
  });

  test('a second file that others wait for already is opened for all of them', async () => {
    const pool = new ConnectionPool({ budget: 1, limit: 1, reserve: 1 });
    const [first, second] = three(pool);
    const begun = gate();
    const isAsked = gate();
    const transaction = first.transaction(async () => {
      begun.open();
      await isAsked.opened;
      await add(second, 'from inside');
    });
    await begun.opened;
    const outside = add(second, 'from outside');
    await turns(); // it waits for room by then
    isAsked.open();
    await Promise.all([transaction, outside]);
    expect(await texts(second)).toEqual(['first', 'second', 'from outside', 'from inside']);
  });

  test('a second file that others ask for in the same turn is opened for all of them', async () => {
    const [first, second] = three(new ConnectionPool({ budget: 1, limit: 1, reserve: 1 }));
    await first.transaction(async () => {
      const outside = outsideSessions(() => add(second, 'from outside'));
      await Promise.all([outside, add(second, 'from inside')]);
    });
    expect(await texts(second)).toEqual(['first', 'second', 'from outside', 'from inside']);
  });

  test.each([
    ['a write', 'a read', add, texts],
    ['a write', 'a stream', add, streamed],
    ['a read', 'a read', texts, texts],
    ['a read', 'a stream', texts, streamed],
  ] as const)(
    '%s that waits for a file waits no longer once %s inside a transaction needs it',
    async (_, __, outside, inside) => {
      const [first, second] = three(new ConnectionPool({ budget: 1, limit: 1, reserve: 1 }));
      await first.transaction(async () => {
        const waiting = outsideSessions(() => outside(second));
        await turns(); // it waits for room by then
        await Promise.all([inside(second), waiting]);
      });
    },
  );

  test('whoever is in none goes on waiting for its turn', async () => {
    const pool = new ConnectionPool({ budget: 1, limit: 1, reserve: 1 });
    const [first, second] = three(pool);
    const end = await inUse(first);
    await expect(texts(second)).rejects.toThrow(errorWith('E_POOL_EXHAUSTED'));
    await end();
  });
});
