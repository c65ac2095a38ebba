import { execFile } from 'node:child_process';
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { backupConnection } from 'trilite';
import { makeApplication, type Connection } from './lib/application';
import { atMost, type Benchmark, type Floor } from './lib/benchmark';
import { withChildren, type Child } from './lib/child';
import { watchEventLoop } from './lib/event-loop';
import { countCommitted, startWriting, stopWriting } from './lib/paced-writer';
import { openRaw, rawLike, type RawFile } from './lib/raw';
import { interleave } from './lib/rounds';
import { percentile, ratios, spread, sum } from './lib/statistics';
import { printTable } from './lib/table';
import { delay, monotonicMs } from './lib/time';

/*
 * A file of some 200 MB is copied while another process writes 1,000 rows a second into it, each in a transaction of its own: by
 * backupConnection, and by VACUUM INTO on a handle by hand. `cp` needs a file that nobody has open, so nobody writes. Each copy is on the
 * disk (fsync) when its time ends; by then backupConnection alone has also read every page of its copy and compared the indexes.
 */

const MEGABYTES = 200;
const RAW_TIMEOUT_MS = 5000;

const SCHEMA = `
  create table documents (id integer primary key, customer integer not null, body blob not null);
  insert into documents (customer, body)
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${MEGABYTES * 1000})
    select i * 7919 % 5000, randomblob(1000) from n;
  create index documents_customer on documents (customer);
  create table log (id integer primary key, body text not null);
`;

/** A copy that was made. */
interface Copy {
  readonly path: string;
  /** When its last page was copied, if that is known. */
  readonly copiedAt?: number;
}

/** What a copy took, and what became of the rows that were written meanwhile. */
interface Outcome {
  readonly tookMs: number;
  /** Of that, the time after the last page was copied. */
  readonly checkMs: number;
  readonly stallMs: number;
  readonly worstLateMs: number;
  /** Rows that were committed, and are not in the file that was copied. */
  readonly lost: number;
  /** Whether the copy has every row up to one, and all that were committed before it was begun. */
  readonly isPrefix: boolean;
}

type Side = 'nothing' | 'backup' | 'vacuum' | 'cp';

export const backup: Benchmark = {
  name: 'backup',
  shows: `a file of ${MEGABYTES} MB is copied while another process writes into it`,
  seconds: { alone: 15, among: 3 },

  async run({ folder, seconds }) {
    const app = await makeApplication(folder, { default: {} }, SCHEMA);
    const source = app.connections.connection();
    const file = await rawLike(source);
    await app.close(); // backupConnection opens handles of its own; cp wants a file that nobody has open
    const results = await withChildren(1, require.resolve('./lib/paced-writer'), ([child]) => {
      const writer = child as Child;
      const side = (copy: () => Promise<Copy | undefined>) => () =>
        beside(writer, file, folder, copy);
      return interleave<Outcome, Side>(seconds, {
        nothing: side(() => delay(1500, undefined)),
        backup: side(() => backUp(source, folder)),
        vacuum: side(() => vacuum(file, folder)),
        cp: () => observe(file, () => copyClosed(file, folder)),
      });
    });
    return report(results);
  },
};

async function backUp(source: Connection, folder: string): Promise<Copy> {
  let copiedAt = NaN;
  const onProgress = (): void => void (copiedAt = monotonicMs());
  const { path } = await backupConnection(source, { folder: join(folder, 'backups'), onProgress });
  return { path, copiedAt };
}

async function vacuum(file: RawFile, folder: string): Promise<Copy> {
  const path = join(folder, 'vacuum.sqlite');
  const handle = openRaw(file, RAW_TIMEOUT_MS);
  handle.prepare('vacuum into ?').run(path);
  handle.close();
  sync(path);
  return { path };
}

async function copyClosed({ file }: RawFile, folder: string): Promise<Copy> {
  const path = join(folder, 'cp.sqlite');
  await promisify(execFile)('cp', [file, path]);
  sync(path);
  return { path };
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** Has the other process write while a copy is made. */
async function beside(
  writer: Child,
  file: RawFile,
  folder: string,
  copy: () => Promise<Copy | undefined>,
): Promise<Outcome> {
  await writer.run(startWriting, folder);
  await delay(100);
  const before = await writer.run(countCommitted, undefined);
  const outcome = await observe(file, copy, before);
  const { lateMs, committed } = await writer.run(stopWriting, undefined);
  const lost = committed - rowsIn(file, file.file).count;
  return { ...outcome, worstLateMs: percentile(lateMs, 100), lost };
}

/** Makes a copy, looks into it, and removes it. */
async function observe(
  file: RawFile,
  copy: () => Promise<Copy | undefined>,
  before = 0,
): Promise<Outcome> {
  const loop = watchEventLoop();
  const startedAt = monotonicMs();
  const made = await copy();
  const endedAt = monotonicMs();
  const stallMs = loop.stop();
  const { count, last } =
    made === undefined ? { count: before, last: before } : rowsIn(file, made.path);
  if (made !== undefined) rmSync(made.path);
  return {
    tookMs: endedAt - startedAt,
    checkMs: endedAt - (made?.copiedAt ?? NaN),
    stallMs,
    worstLateMs: NaN,
    lost: 0,
    isPrefix: count === last && last >= before,
  };
}

function rowsIn(file: RawFile, path: string): { readonly count: number; readonly last: number } {
  const handle = openRaw({ ...file, file: path }, RAW_TIMEOUT_MS);
  const sql = 'select count(*) as count, coalesce(max(id), 0) as last from log';
  const rows = handle.prepare(sql).get() as { count: number; last: number };
  handle.close();
  return rows;
}

function report(results: Readonly<Record<Side, readonly Outcome[]>>): Floor[] {
  const { nothing, backup: backups, vacuum: vacuums, cp } = results;
  printTable(
    ['', 'took ms', 'of it checking', 'worst stall here ms', 'worst write late ms'],
    [
      ['no copy', ...cells(nothing)],
      ['backupConnection', ...cells(backups)],
      ['VACUUM INTO, by hand', ...cells(vacuums)],
      ['cp, nobody writes', ...cells(cp)],
    ],
  );
  const took = ({ tookMs }: Outcome): number => tookMs;
  printTable(
    ['backupConnection to', 'took'],
    [
      ['VACUUM INTO', spread(ratios(backups, vacuums, took), 2)],
      ['cp', spread(ratios(backups, cp, took), 2)],
    ],
  );
  const all = Object.values(results).flat();
  const torn = all.filter(({ isPrefix }) => !isPrefix).length;
  return [
    atMost(0, { what: 'rows lost', value: sum(all.map(({ lost }) => lost)), unit: '' }),
    atMost(0, { what: 'copies that are not of one moment', value: torn, unit: '' }),
  ];
}

function cells(outcomes: readonly Outcome[]): string[] {
  const figures = [
    ({ tookMs }: Outcome) => tookMs,
    ({ checkMs }: Outcome) => checkMs,
    ({ stallMs }: Outcome) => stallMs,
    ({ worstLateMs }: Outcome) => worstLateMs,
  ];
  return figures.map((figure) => spread(outcomes.map(figure)));
}
