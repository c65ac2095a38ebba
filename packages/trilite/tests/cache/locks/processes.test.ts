import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { lockMigrations } from '../../../src/cache/locks/schema';
import { Migrator } from '../../../src/database/migrations/migrator';
import { createFiles, ended, message, type TestFiles } from '../../helpers/files';

/*
 * Real processes of the built framework (dist/, which "npm test" makes first) on one file, some of them killed.
 */

let files: TestFiles;

beforeEach(async () => {
  files = createFiles(['queue']);
  await new Migrator(files.connections, [
    { connection: 'queue', migrations: lockMigrations },
  ]).migrate();
});

afterEach(() => files.close());

/** Starts processes, and lets them begin when all are there. */
async function start(...works: readonly (readonly string[])[]): Promise<ChildProcess[]> {
  const children = works.map(([work = '', ...parameters]) =>
    files.start('locks.js', files.at('queue.sqlite'), work, files.at('journal'), ...parameters),
  );
  await Promise.all(children.map(message));
  for (const child of children) child.send('begin');
  return children;
}

async function allEndWell(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(children.map(ended));
  expect(children.map(({ exitCode }) => exitCode)).toEqual(children.map(() => 0));
}

/** What the processes noted, in the order in which they did. */
function journal(): { pid: number; word: string; value: string }[] {
  const lines = readFileSync(files.at('journal'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [pid, word = '', value = ''] = line.split(' ');
    return { pid: Number(pid), word, value };
  });
}

// Without /proc nobody can tell that a process is gone: its lock would be held for an hour.
const testOnLinux = existsSync('/proc/self/stat') ? test : test.skip;

testOnLinux(
  'of processes that are killed while they hold a lock none keeps the others from it',
  async () => {
    const counter = files.at('counter');
    writeFileSync(counter, '0');
    const works = Array.from({ length: 6 }, () => ['lock', counter, '40']);
    const dying = [5, 15, 25].map((round) => ['lock', counter, '40', String(round)]);
    const children = await start(...works.slice(0, 3), ...dying);
    const [survivors, victims] = [children.slice(0, 3), children.slice(3)];
    expect(await Promise.all(victims.map(ended))).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL']);
    await allEndWell([...survivors, ...(await start(...works.slice(3)))]);

    const killed = victims.map(({ pid }) => pid);
    let inside: number | undefined;
    let count = 0;
    for (const { pid, word, value } of journal()) {
      if (word === 'in') {
        if (inside !== undefined) expect(killed).toContain(inside);
        inside = pid;
        continue;
      }
      expect(pid).toBe(inside);
      inside = undefined;
      count += 1;
      expect(Number(value)).toBe(count);
    }
    expect(count).toBe(6 * 40 + 4 + 14 + 24);
  },
);

test('processes that race for the places of a funnel never hold more than there are', async () => {
  await allEndWell(
    await start(['funnel', '2', '20'], ['funnel', '2', '20'], ['funnel', '2', '20']),
  );
  const inside = new Set<string>();
  let most = 0;
  for (const { word, value } of journal()) {
    if (word === 'out') inside.delete(value);
    else {
      expect(inside).not.toContain(value);
      inside.add(value);
      most = Math.max(most, inside.size);
    }
  }
  expect(journal()).toHaveLength(3 * 4 * 20 * 2);
  expect(most).toBe(2);
});

test('processes that race for hits of a limit are given exactly as many as there are', async () => {
  await allEndWell(await start(...Array.from({ length: 8 }, () => ['limit', '200', '30'])));
  const given = journal().map(({ word }) => Number(word));
  expect(given).toHaveLength(8);
  expect(given.reduce((sum, one) => sum + one, 0)).toBe(200);
});
