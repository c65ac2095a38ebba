import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { makeApplication } from './lib/application';
import type { Benchmark } from './lib/benchmark';
import { interleave, type Side } from './lib/rounds';
import { spread } from './lib/statistics';
import { printTable } from './lib/table';
import { monotonicMs } from './lib/time';

/*
 * What it costs a test to find everything as it was: an application of its own, `refreshDatabase` on one that the tests of a file share, and a
 * transaction in each file that is rolled back, which no commit, no worker and no other process would ever see. Each test makes a table in each
 * of the three files: it fails where the one before it left something.
 */

const FILES = {
  default: { file: 'database.sqlite' },
  cache: { file: 'cache.sqlite' },
  queue: { file: 'queue.sqlite' },
};
const WRITE = 'create table left_behind (text text)';

export const refresh: Benchmark = {
  name: 'refresh',
  shows: 'tests that find the three files as they were, in three ways',
  seconds: { alone: 10, among: 2 },

  async run({ folder, seconds }) {
    const basePath = join(folder, 'application');
    mkdirSync(basePath);
    // Relative names: each lies in whatever storage folder the application is given
    const made = await makeApplication(basePath, FILES, '');
    await made.close();
    const app = await createTestApplication({ basePath });
    const results = await interleave(seconds, {
      'an application for each test': timed(async () => {
        const own = await createTestApplication({ basePath });
        await writeInto(own);
        await own.close();
      }),
      refreshDatabase: timed(async () => {
        await writeInto(app);
        await app.refreshDatabase();
      }),
      'a transaction that is rolled back': timed(() => writeAndRollBack(app)),
    });
    await app.close();
    printTable(
      ['a test costs', 'rounds', 'ms'],
      Object.entries(results).map(([name, took]) => [name, String(took.length), spread(took, 2)]),
    );
    return [];
  },
};

function timed(test: () => Promise<void>): Side<number> {
  return async () => {
    const startedAt = monotonicMs();
    await test();
    return monotonicMs() - startedAt;
  };
}

async function writeInto(app: TestApplication): Promise<void> {
  for (const name of Object.keys(FILES)) {
    await app.connections.connection(name).write((handle) => handle.exec(WRITE));
  }
}

async function writeAndRollBack(app: TestApplication): Promise<void> {
  const enough = new Error('Enough is known.');
  for (const name of Object.keys(FILES)) {
    const write = (handle: { exec(sql: string): void }): never => {
      handle.exec(WRITE);
      throw enough;
    };
    const written = app.connections.connection(name).write(write, { several: true });
    await written.catch((error: unknown) => {
      if (error !== enough) throw error;
    });
  }
}
