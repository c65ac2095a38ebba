import { makeApplication, type Application } from './lib/application';
import { atLeast, atMost, type Benchmark, type Floor } from './lib/benchmark';
import type { Child } from './lib/child';
import { rawLike } from './lib/raw';
import { interleave } from './lib/rounds';
import { createTable } from './lib/rows';
import { median, ratios, spread, sum } from './lib/statistics';
import { printTable } from './lib/table';
import {
  rate,
  stall,
  withWriters,
  worstWait,
  writeTogether,
  type Target,
  type WriteTotals,
} from './lib/writers';

/*
 * Three processes, one for each role, write rows as fast as they can: into a file each, and all into one file. Only the number of files
 * differs: the same processes, the same rows, a table for each role here as there. By hand means the same files, pragmas and prepared
 * statement on better-sqlite3; who finds the file locked sleeps in SQLite's busy handler for up to 5 s, as long as Trilite waits.
 */

const ROLES = ['data', 'cache', 'queue'];
const SLICE_SECONDS = 1;

type Side = 'threeFiles' | 'oneFile' | 'threeByHand' | 'oneByHand';

export const threeFiles: Benchmark = {
  name: 'three-files',
  shows: 'three roles that write at once, into three files and into one',
  seconds: { alone: 10, among: 3 },

  async run({ folder, seconds }) {
    return withWriters(ROLES.length, async (children) => {
      const floors: Floor[] = [];
      for (const synchronous of ['normal', 'full'] as const) {
        const place = `${folder}/${synchronous}`;
        const files = [...ROLES, 'one'].map((name) => [name, { synchronous }] as const);
        const schema = ROLES.map(createTable).join('');
        const app = await makeApplication(place, Object.fromEntries(files), schema);
        const results = await measure(children, await targetsIn(app), seconds);
        await app.close();
        floors.push(...report(synchronous, results));
      }
      return floors;
    });
  },
};

/** Where each of the roles writes, on each side. */
async function targetsIn({ basePath, connections }: Application): Promise<Record<Side, Target[]>> {
  const trilite = (table: string, connection: string): Target => ({
    table,
    folder: basePath,
    connection,
  });
  const byHand = async (table: string, connection: string): Promise<Target> => ({
    table,
    raw: await rawLike(connections.connection(connection)),
  });
  return {
    threeFiles: ROLES.map((role) => trilite(role, role)),
    oneFile: ROLES.map((role) => trilite(role, 'one')),
    threeByHand: await Promise.all(ROLES.map((role) => byHand(role, role))),
    oneByHand: await Promise.all(ROLES.map((role) => byHand(role, 'one'))),
  };
}

function measure(
  children: readonly Child[],
  targets: Readonly<Record<Side, readonly Target[]>>,
  seconds: number,
): Promise<Record<Side, WriteTotals[]>> {
  const into = (side: Side) => () => writeTogether(children, targets[side], SLICE_SECONDS);
  return interleave(seconds, {
    threeFiles: into('threeFiles'),
    oneFile: into('oneFile'),
    threeByHand: into('threeByHand'),
    oneByHand: into('oneByHand'),
  });
}

function report(synchronous: string, results: Readonly<Record<Side, WriteTotals[]>>): Floor[] {
  const { threeFiles: three, oneFile: one, threeByHand, oneByHand } = results;
  printTable(
    [`synchronous ${synchronous}`, 'writes/s', 'worst wait ms', 'worst stall ms', 'lock errors'],
    [
      ['Trilite, three files', ...cells(three)],
      ['Trilite, one file', ...cells(one)],
      ['by hand, three files', ...cells(threeByHand)],
      ['by hand, one file', ...cells(oneByHand)],
    ],
  );
  const faster = ratios(three, one, rate);
  const waits = ratios(three, one, worstWait);
  const fasterByHand = ratios(threeByHand, oneByHand, rate);
  const waitsByHand = ratios(threeByHand, oneByHand, worstWait);
  printTable(
    ['three files to one, in each round', 'writes/s', 'worst wait'],
    [
      ['Trilite', spread(faster, 2), spread(waits, 2)],
      ['by hand', spread(fasterByHand, 2), spread(waitsByHand, 2)],
    ],
  );
  const what = (figure: string): string => `three files to one, ${synchronous}: ${figure}`;
  return [
    atLeast(1.3, { what: what('writes/s'), value: median(faster), unit: '×' }),
    atMost(0.5, { what: what('worst wait'), value: median(waits), unit: '×' }),
  ];
}

function cells(totals: readonly WriteTotals[]): string[] {
  return [
    spread(totals.map(rate)),
    spread(totals.map(worstWait), 1),
    spread(totals.map(stall), 1),
    String(sum(totals.map(({ lockErrors }) => lockErrors))),
  ];
}
