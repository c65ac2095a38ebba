import { openApplication, type Application } from './application';
import { delay, monotonicMs } from './time';

// Runs in a process of its own: writes rows at a pace, and goes on writing between two calls.

/** What became of the rows. */
export interface PacedReport {
  /** How late each row was committed, in milliseconds: since it was due, so that what one slow write holds up counts for all of them. */
  readonly lateMs: Float64Array;
  /** How many rows the table has had committed since it was made. */
  readonly committed: number;
}

interface Writing {
  readonly app: Application;
  readonly ended: Promise<Float64Array>;
}

const ROWS_PER_SECOND = 1000;
const SQL = "insert into log (body) values ('a row of the log')";

let writing: Writing | undefined;
let committed = 0;
let isStopping = false;

export async function startWriting(folder: string): Promise<void> {
  isStopping = false;
  const app = await openApplication(folder);
  await app.connections.connection().check();
  writing = { app, ended: write(app) };
}

/** How many rows are committed by now. */
export function countCommitted(): number {
  return committed;
}

/** Writes what is due, and closes the file. */
export async function stopWriting(): Promise<PacedReport> {
  isStopping = true;
  const lateMs = (await writing?.ended) ?? new Float64Array();
  await writing?.app.close();
  writing = undefined;
  return { lateMs, committed };
}

async function write(app: Application): Promise<Float64Array> {
  const connection = app.connections.connection();
  const lateMs: number[] = [];
  const startedAt = monotonicMs();
  while (!isStopping) {
    const dueAt = startedAt + (lateMs.length * 1000) / ROWS_PER_SECOND;
    if (dueAt > monotonicMs()) {
      await delay(1);
      continue;
    }
    await connection.write((handle) => handle.statement(SQL).run());
    committed += 1;
    lateMs.push(monotonicMs() - dueAt);
  }
  return Float64Array.from(lateMs);
}
