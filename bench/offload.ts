import { Database } from 'trilite';
import { makeApplication } from './lib/application';
import type { Benchmark } from './lib/benchmark';
import { watchEventLoop } from './lib/event-loop';
import { interleave } from './lib/rounds';
import { ratios, spread } from './lib/statistics';
import { printTable } from './lib/table';
import { delay, monotonicMs } from './lib/time';

declare module 'trilite' {
  interface Tables {
    sales: { id: number; customer: string; amount: number };
  }
}

/*
 * The same queries, run by the query builder in this process, and offloaded to a thread: a report that takes some 300 ms, and a row by its
 * key. A timer of 1 ms shows how long the event loop stands still; while nothing is read, that is the machine's own doing. The thread stays
 * from round to round; each offloaded read opens a handle of its own, and begins with an empty page cache.
 */

const SALES = 300_000;
const ROWS = 50;
const NOTHING_MS = 300;

const SCHEMA = `
  create table sales (id integer primary key, customer text not null, amount integer not null);
  insert into sales (customer, amount)
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${SALES})
    select 'customer ' || (i * 7919 % 50000), i % 1000 from n;
`;

type Side = 'nothing' | 'report' | 'reportOffloaded' | 'row' | 'rowOffloaded';

/** What a read took, and how long the event loop stood still meanwhile. */
interface Outcome {
  readonly tookMs: number;
  readonly stallMs: number;
}

export const offload: Benchmark = {
  name: 'offload',
  shows: 'a read that takes long, in this process and in a thread',
  seconds: { alone: 4, among: 1.5 },

  async run({ folder, seconds }) {
    const app = await makeApplication(folder, { default: {} }, SCHEMA);
    const db = app.make(Database);
    const report = db
      .selectFrom('sales')
      .select((eb) => ['customer', eb.fn.sum('amount').as('total')])
      .groupBy('customer')
      .orderBy('total', 'desc')
      .limit(10);
    const row = db.selectFrom('sales').selectAll().where('id', '=', 4711);
    const start = await watch(() => db.offload(row));
    const results = await interleave(seconds, {
      nothing: () => watch(() => delay(NOTHING_MS)),
      report: () => watch(() => report.execute()),
      reportOffloaded: () => watch(() => db.offload(report)),
      row: () => watch(() => row.execute(), ROWS),
      rowOffloaded: () => watch(() => db.offload(row), ROWS),
    });
    await app.close();
    print(results, start);
    return [];
  },
};

/** Reads some times, one after the other; `tookMs` is of one read. */
async function watch(read: () => Promise<unknown>, times = 1): Promise<Outcome> {
  await rest();
  const loop = watchEventLoop();
  const startedAt = monotonicMs();
  for (let count = 0; count < times; count += 1) await read();
  const tookMs = (monotonicMs() - startedAt) / times;
  return { tookMs, stallMs: loop.stop() };
}

/**
 * Nobody pays for the side before. The report in this process frees hundreds of thousands of small pieces of memory, which glibc joins at the
 * next large allocation: some 40 ms, measured. It is made here, and counted for nobody.
 */
async function rest(): Promise<void> {
  await delay(5);
  Buffer.allocUnsafeSlow(65_536);
}

function print(results: Readonly<Record<Side, readonly Outcome[]>>, start: Outcome): void {
  const { nothing, report, reportOffloaded, row, rowOffloaded } = results;
  const took = ({ tookMs }: Outcome): number => tookMs;
  const stall = ({ stallMs }: Outcome): number => stallMs;
  const cells = (outcomes: readonly Outcome[]): string[] => [
    spread(outcomes.map(took), 2),
    spread(outcomes.map(stall), 1),
  ];
  printTable(
    ['', 'took ms', 'worst stall ms'],
    [
      ['nothing', ...cells(nothing)],
      [`report over ${SALES} rows, execute()`, ...cells(report)],
      [`report over ${SALES} rows, offload()`, ...cells(reportOffloaded)],
      ['row by key, execute()', ...cells(row)],
      ['row by key, offload()', ...cells(rowOffloaded)],
      ['row by key, offload() that starts the thread', ...cells([start])],
    ],
  );
  printTable(
    ['offload() to execute()', 'took', 'worst stall'],
    [
      [
        'report',
        spread(ratios(reportOffloaded, report, took), 2),
        spread(ratios(reportOffloaded, report, stall), 3),
      ],
      ['row by key', spread(ratios(rowOffloaded, row, took), 1), ''],
    ],
  );
}
