import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { RedisCacheStore } from '../../../src/cache/redis/redis-cache-store';
import { useRedisServer } from '../../helpers/redis-server';

const SCRIPT = join(__dirname, '../../fixtures/redis-processes/count.js');
const PROCESSES = 8;
const ROUNDS = 40;

const server = useRedisServer();

async function message(child: ChildProcess): Promise<unknown> {
  const [told] = (await once(child, 'message')) as [unknown];
  return told;
}

interface Told {
  readonly computed: number;
  readonly value: { readonly by: number };
}

test('of eight processes one computes, none loses a number, and one at a time holds a lock', async () => {
  const children = Array.from({ length: PROCESSES }, () =>
    fork(SCRIPT, [server.url, String(ROUNDS)], { execArgv: [] }),
  );
  await Promise.all(children.map(message));
  const ends = children.map(message);
  for (const child of children) child.send('go');
  const told = (await Promise.all(ends)) as Told[];
  expect(told.map(({ computed }) => computed).sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
  expect(new Set(told.map(({ value }) => value.by)).size).toBe(1);
  const { connection, keys } = server.place({ namespace: 'processes:' });
  const names = ['computations', 'number', 'by hand'];
  expect(await new RedisCacheStore(connection, keys).many(names)).toEqual([
    { value: 1 },
    { value: PROCESSES * ROUNDS },
    { value: PROCESSES * ROUNDS },
  ]);
});
