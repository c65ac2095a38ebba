import type { Application } from '../lib/application';
import { openRaw, rawLike } from '../lib/raw';
import { DoTask } from './jobs';
import type { QueueSide } from './queue-side';
import type { Task } from './task';

/** The column that SQLite numbers by itself, if there is one. */
const NUMBERED = "select name from pragma_table_info('jobs') where pk = 1 and type = 'INTEGER'";

/**
 * A prepared insert into the same table with the same indexes, in a file that nothing else uses. It fills the columns that a dispatch fills,
 * whatever these are: a row of Trilite's is the pattern. What is dispatched at once is one BEGIN IMMEDIATE … COMMIT.
 */
export async function byHandSide(app: Application, name: string): Promise<QueueSide> {
  await app.queue(name).dispatch(DoTask, { askedAt: 0, of: 1 });
  const raw = openRaw(await rawLike(app.connections.connection(name)), 0);
  const row = raw.prepare('select * from jobs').get() as Record<string, unknown>;
  raw.exec('delete from jobs');
  const numbered = raw.prepare(NUMBERED).pluck().get();
  const columns = Object.keys(row).filter((name) => row[name] !== null && name !== numbered);
  const places = columns.map(() => '?').join();
  const statement = raw.prepare(`insert into jobs (${columns.join()}) values (${places})`);
  const valuesOf = rowMaker(columns, row);
  const insert = (task: Task): unknown => statement.run(valuesOf(task));
  const batch = raw.transaction((tasks: readonly Task[]) => tasks.forEach(insert));
  return {
    settings: `a prepared insert into ${columns.length} columns`,
    dispatch: async (task) => insert(task),
    dispatchAll: async (tasks) => batch.immediate(tasks),
    close: async () => raw.close(),
  };
}

/** Makes rows like one: with its own id, as long and in order as Trilite's are, its own payload, and the time as it is. */
function rowMaker(
  columns: readonly string[],
  row: Readonly<Record<string, unknown>>,
): (task: Task) => unknown[] {
  const values = columns.map((column) => row[column]);
  const times = [...columns.keys()].filter((index) => columns[index]?.endsWith('_at'));
  const [id, payload] = [columns.indexOf('id'), columns.indexOf('payload')];
  const [text, digits] = [String(row.id).slice(0, 10), String(row.id).length - 10];
  let rows = 0;
  return (task) => {
    rows += 1;
    const now = Date.now();
    values[id] = text + String(rows).padStart(digits, '0');
    values[payload] = JSON.stringify(task);
    for (const index of times) values[index] = now;
    return values;
  };
}
