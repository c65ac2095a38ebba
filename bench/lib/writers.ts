import { openApplication } from './application';
import { withChildren, type Child } from './child';
import { openRaw, type RawFile } from './raw';
import { upsertInto } from './rows';
import { percentile, sum } from './statistics';
import { writeFor, type Write, type WriteReport } from './write-loop';

/** Where a process writes: a table, through a connection of Trilite, or by hand into a file. */
export type Target = { readonly table: string } & (
  { readonly folder: string; readonly connection: string } | { readonly raw: RawFile }
);

/** What several processes wrote at the same time. */
export interface WriteTotals {
  readonly writesPerSecond: number;
  readonly worstWaitMs: number;
  readonly lockErrors: number;
  readonly stallMs: number;
  readonly reports: readonly WriteReport[];
}

// The figures of a round that are compared
export const rate = ({ writesPerSecond }: WriteTotals): number => writesPerSecond;
export const worstWait = ({ worstWaitMs }: WriteTotals): number => worstWaitMs;
export const stall = ({ stallMs }: WriteTotals): number => stallMs;

/** As long as Trilite waits by default. */
const RAW_TIMEOUT_MS = 5000;

/** Starts a process for each target of a side. */
export function withWriters<T>(
  count: number,
  use: (children: readonly Child[]) => Promise<T>,
): Promise<T> {
  return withChildren(count, __filename, use);
}

/** Has each process write into its target at the same time. Nobody begins before everybody has opened its file. */
export async function writeTogether(
  children: readonly Child[],
  targets: readonly Target[],
  seconds: number,
): Promise<WriteTotals> {
  const pairs = targets.map((target, index) => [children[index] as Child, target] as const);
  await Promise.all(pairs.map(([child, target]) => child.run(openTarget, target)));
  const reports = await Promise.all(
    pairs.map(([child, target]) => child.run(writeRows, { target, seconds })),
  );
  return {
    writesPerSecond: sum(reports.map((report) => report.writesPerSecond)),
    worstWaitMs: Math.max(...reports.map(({ waits }) => percentile(waits, 100))),
    lockErrors: sum(reports.map((report) => report.lockErrors)),
    stallMs: Math.max(...reports.map((report) => report.stallMs)),
    reports,
  };
}

// From here on: in the processes. What was opened stays open from round to round.

const opened = new Map<string, Promise<Write>>();

/** Runs in a process of its own. */
export async function openTarget(target: Target): Promise<void> {
  await writerOf(target);
}

/** Runs in a process of its own. */
export async function writeRows(order: { target: Target; seconds: number }): Promise<WriteReport> {
  return writeFor(order.seconds, await writerOf(order.target));
}

function writerOf(target: Target): Promise<Write> {
  const key = JSON.stringify(target);
  const writer = opened.get(key) ?? openWriter(target);
  opened.set(key, writer);
  return writer;
}

async function openWriter(target: Target): Promise<Write> {
  const sql = upsertInto(target.table);
  if ('raw' in target) {
    const statement = openRaw(target.raw, RAW_TIMEOUT_MS).prepare(sql);
    return (key, body) => statement.run(key, body);
  }
  const app = await openApplication(target.folder);
  const connection = app.connections.connection(target.connection);
  await connection.check();
  return (key, body) => connection.write((handle) => handle.statement(sql).run(key, body));
}
