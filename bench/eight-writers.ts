import { makeApplication } from './lib/application';
import { atMost, type Benchmark } from './lib/benchmark';
import { rawLike } from './lib/raw';
import { interleave } from './lib/rounds';
import { createTable } from './lib/rows';
import { percentile, ratios, spread, sum } from './lib/statistics';
import { printTable } from './lib/table';
import {
  rate,
  withWriters,
  worstWait,
  writeTogether,
  type Target,
  type WriteTotals,
} from './lib/writers';

/*
 * Eight processes write rows into one table of one file as fast as they can: by Trilite, and by hand with SQLite's own busy handler, each
 * waiting for up to 5 s. The same processes, file, pragmas and statement.
 */

const PROCESSES = 8;
const SLICE_SECONDS = 2.5;

export const eightWriters: Benchmark = {
  name: 'eight-writers',
  shows: 'eight processes that write into one file without a pause',
  seconds: { alone: 20, among: 5 },

  async run({ folder, seconds }) {
    const table = 'entries';
    const app = await makeApplication(folder, { one: {} }, createTable(table));
    const byHand: Target = { table, raw: await rawLike(app.connections.connection('one')) };
    await app.close();
    const trilite: Target = { table, folder, connection: 'one' };
    const results = await withWriters(PROCESSES, (children) => {
      const into = (target: Target) => () =>
        writeTogether(children, Array<Target>(PROCESSES).fill(target), SLICE_SECONDS);
      return interleave(seconds, { trilite: into(trilite), byHand: into(byHand) });
    });
    report(results);
    const lockErrors = sum(results.trilite.map((totals) => totals.lockErrors));
    return [
      atMost(0, { what: 'lock errors that reach the application', value: lockErrors, unit: '' }),
    ];
  },
};

function report({ trilite, byHand }: Record<'trilite' | 'byHand', readonly WriteTotals[]>): void {
  printTable(
    ['', 'writes/s', 'p50 ms', 'p99 ms', 'worst wait ms', 'lock errors', 'least / most writes'],
    [
      ['Trilite', ...cells(trilite)],
      ['by hand', ...cells(byHand)],
      ['Trilite to by hand', spread(ratios(trilite, byHand, rate), 2)],
    ],
  );
}

function cells(totals: readonly WriteTotals[]): string[] {
  return [
    spread(totals.map(rate)),
    spread(totals.map(waitAt(50)), 3),
    spread(totals.map(waitAt(99)), 1),
    spread(totals.map(worstWait)),
    String(sum(totals.map(({ lockErrors }) => lockErrors))),
    spread(totals.map(fairness), 2),
  ];
}

/** The wait that a share of all writes of all processes did not exceed. */
function waitAt(percent: number): (totals: WriteTotals) => number {
  return ({ reports }) =>
    percentile(
      reports.flatMap(({ waits }) => [...waits]),
      percent,
    );
}

/** What the process that wrote least wrote, to what the one that wrote most did. */
function fairness({ reports }: WriteTotals): number {
  const writes = reports.map(({ waits, lockErrors }) => waits.length - lockErrors);
  return Math.min(...writes) / Math.max(...writes);
}
