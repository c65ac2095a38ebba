import { makeApplication, type Application, type Connection } from './lib/application';
import type { Benchmark } from './lib/benchmark';
import { openRaw, rawLike, type Raw } from './lib/raw';
import { interleave } from './lib/rounds';
import { createTable, nextRow, upsertInto } from './lib/rows';
import { median, ratios, spread } from './lib/statistics';
import { printTable } from './lib/table';
import { monotonicMs } from './lib/time';

/*
 * One process writes the same rows one by one, and many at once, by Trilite and by hand. Each side has a file of its own with the same
 * pragmas: two handles on one file would throw away each other's page cache. By hand is the limit: a prepared statement in a tight loop,
 * with no promise and no turn of the event loop; its batch is one BEGIN IMMEDIATE … COMMIT.
 */

const SLICE_MS = 250;
const SQL = upsertInto('entries');
const MODES = ['normal', 'full'] as const;

/** How many writes are asked for at once. */
const SIZES = [1, 100, 1000];

export const groupCommit: Benchmark = {
  name: 'group-commit',
  shows: 'writes that are asked for one by one, and many at once',
  seconds: { alone: 3, among: 1 },

  async run({ folder, seconds }) {
    for (const synchronous of MODES) {
      const files = SIZES.flatMap((size) => [`trilite-${size}`, `by-hand-${size}`]);
      const connections = Object.fromEntries(files.map((name) => [name, { synchronous }]));
      const place = `${folder}/${synchronous}`;
      const app = await makeApplication(place, connections, createTable('entries'));
      const results = await measure(app, seconds);
      await app.close();
      report(synchronous, results);
    }
    return []; // section 6 of the design sets floors for cache and queue, which are built on these writes
  },
};

async function measure(app: Application, seconds: number): Promise<Record<string, number[]>> {
  const handles: Raw[] = [];
  const sides: [string, () => Promise<number>][] = [];
  for (const size of SIZES) {
    const connection = app.connections.connection(`trilite-${size}`);
    const handle = openRaw(await rawLike(app.connections.connection(`by-hand-${size}`)), 0);
    handles.push(handle);
    sides.push([`trilite-${size}`, () => rateOf(size, triliteWriter(connection, size))]);
    sides.push([`by-hand-${size}`, () => rateOf(size, rawWriter(handle, size))]);
  }
  const results = await interleave(seconds, Object.fromEntries(sides));
  for (const handle of handles) handle.close();
  return results;
}

/** Writes a second. */
async function rateOf(size: number, write: () => unknown): Promise<number> {
  const startedAt = monotonicMs();
  let writes = 0;
  let elapsedMs = 0;
  for (; elapsedMs < SLICE_MS; elapsedMs = monotonicMs() - startedAt) {
    const result = write();
    if (result instanceof Promise) await result;
    writes += size;
  }
  return (writes * 1000) / elapsedMs;
}

function triliteWriter(connection: Connection, size: number): () => Promise<unknown> {
  const write = (): Promise<unknown> => {
    const row = nextRow();
    return connection.write((handle) => handle.statement(SQL).run(...row));
  };
  return size === 1 ? write : () => Promise.all(Array.from({ length: size }, write));
}

function rawWriter(handle: Raw, size: number): () => unknown {
  const statement = handle.prepare(SQL);
  const write = (): unknown => statement.run(...nextRow());
  const batch = handle.transaction(() => {
    for (let count = 0; count < size; count += 1) write();
  });
  return size === 1 ? write : () => batch.immediate();
}

function report(synchronous: string, results: Readonly<Record<string, readonly number[]>>): void {
  const one = median(results['trilite-1'] ?? []);
  printTable(
    [
      `synchronous ${synchronous}`,
      'Trilite writes/s',
      'by hand writes/s',
      'ratio',
      'to one by one',
    ],
    SIZES.map((size) => {
      const trilite = results[`trilite-${size}`] ?? [];
      const byHand = results[`by-hand-${size}`] ?? [];
      return [
        size === 1 ? 'one by one, each awaited' : `${size} at once`,
        spread(trilite),
        spread(byHand),
        spread(
          ratios(trilite, byHand, (rate) => rate),
          2,
        ),
        `${(median(trilite) / one).toFixed(1)}×`,
      ];
    }),
  );
}
