import { makeApplication, type Connection } from './lib/application';
import { atMost, type Benchmark } from './lib/benchmark';
import { withChildren, type Child } from './lib/child';
import { errorCodeOf } from './lib/errors';
import { watchEventLoop } from './lib/event-loop';
import { openRaw, rawLike, type Raw, type RawFile } from './lib/raw';
import { interleave } from './lib/rounds';
import { createTable, nextRow, upsertInto } from './lib/rows';
import { percentile, spread } from './lib/statistics';
import { printTable } from './lib/table';
import { delay, monotonicMs, nextTurn } from './lib/time';

/*
 * Another process holds the write lock of a file for 3 s, and this one asks for a write. Meanwhile a timer of 1 ms shows how long this
 * process's event loop stands still, and rows are read from the same file, one each turn of the loop. Beside it: the same without a lock
 * (what the machine itself does to a timer), and by hand with SQLite's own busy handler, given the 5 s that Trilite waits by default.
 */

const HOLD_MS = 3000;
const RAW_TIMEOUT_MS = 5000;
const SQL = upsertInto('entries');

/** What was seen of one write, and of the process while it waited. */
interface Outcome {
  /** The longest time between two ticks of a timer of 1 ms. */
  readonly lateMs: number;
  readonly readsPerSecond: number;
  /** How long the write took to succeed or to fail. */
  readonly tookMs: number;
  readonly endedAt: number;
  /** The code of its error, or 'written'. */
  readonly end: string;
}

/** The same with the time from the release of the lock to the end of the write; negative when it ended before. */
type Held = Outcome & { readonly afterReleaseMs: number };

export const lockWait: Benchmark = {
  name: 'lock-wait',
  shows: `a process that wants to write while another holds the lock for ${HOLD_MS / 1000} s`,
  seconds: { alone: 9, among: 2 },

  async run({ folder, seconds }) {
    const files = { patient: {}, impatient: { busyTimeout: '1s' }, byHand: {} } as const;
    const app = await makeApplication(folder, files, createTable('entries'));
    const [patient, impatient, byHand] = ['patient', 'impatient', 'byHand'].map((name) =>
      app.connections.connection(name),
    ) as [Connection, Connection, Connection];
    const raw = openRaw(await rawLike(byHand), RAW_TIMEOUT_MS);
    const results = await withChildren(1, __filename, ([holder]) => {
      const held = (connection: Connection, write: () => unknown) => () =>
        whileHeld(holder as Child, connection, write);
      return interleave(seconds, {
        free: async () => ({
          ...(await observe(patient, idle)),
          end: 'none',
          tookMs: NaN,
          afterReleaseMs: NaN,
        }),
        patient: held(patient, () => writeBy(patient)),
        impatient: held(impatient, () => writeBy(impatient)),
        byHand: held(byHand, () => writeByHand(raw)),
      });
    });
    raw.close();
    await app.close();
    report(results);
    const late = [...results.patient, ...results.impatient].map(({ lateMs }) => lateMs);
    return [atMost(20, { what: 'worst timer', value: percentile(late, 100), unit: ' ms' })];
  },
};

const idle = (): Promise<void> => delay(HOLD_MS);

const writeBy = (connection: Connection): Promise<unknown> =>
  connection.write((handle) => handle.statement(SQL).run(...nextRow()));

const writeByHand = (raw: Raw): unknown => raw.prepare(SQL).run(...nextRow());

async function whileHeld(holder: Child, reader: Connection, write: () => unknown): Promise<Held> {
  await holder.run(hold, await rawLike(reader));
  const outcome = await observe(reader, write);
  const releasedAt = await holder.run(released, undefined);
  return { ...outcome, afterReleaseMs: outcome.endedAt - releasedAt };
}

/** Does a write, reads meanwhile, and watches the event loop. */
async function observe(reader: Connection, write: () => unknown): Promise<Outcome> {
  const loop = watchEventLoop();
  const startedAt = monotonicMs();
  const done = new AbortController();
  let reads = 0;
  const reading = (async (): Promise<void> => {
    for (; !done.signal.aborted; reads += 1) {
      await reader.read((handle) => handle.statement('select max(id) from entries').get());
      await nextTurn();
    }
  })();
  let end = 'written';
  try {
    await write();
  } catch (error) {
    end = errorCodeOf(error);
  }
  const endedAt = monotonicMs();
  const tookMs = endedAt - startedAt;
  const lateMs = loop.stop();
  done.abort();
  await reading;
  return { lateMs, readsPerSecond: (reads * 1000) / tookMs, tookMs, endedAt, end };
}

function report(results: Readonly<Record<string, readonly Held[]>>): void {
  const titles = {
    free: 'no lock, nothing written',
    patient: 'Trilite, busyTimeout 5 s',
    impatient: 'Trilite, busyTimeout 1 s',
    byHand: 'by hand, timeout 5 s',
  };
  const cells = (outcomes: readonly Held[]): string[] => {
    const of = (figure: keyof Held, digits?: number): string =>
      spread(
        outcomes.map((outcome) => Number(outcome[figure])),
        digits,
      );
    const end = [...new Set(outcomes.map((outcome) => outcome.end))].join(', ');
    return [of('lateMs', 1), of('readsPerSecond'), end, of('tookMs'), of('afterReleaseMs', 1)];
  };
  printTable(
    ['', 'worst timer ms', 'reads/s meanwhile', 'the write', 'took ms', 'after release ms'],
    Object.entries(titles).map(([name, title]) => [title, ...cells(results[name] ?? [])]),
  );
}

// From here on: in the other process.

let release: Promise<number> | undefined;

/** Takes the write lock, and lets it go by itself: who waits for it may be blocked, and unable to ask. */
export function hold(file: RawFile): void {
  const raw = openRaw(file, 0);
  raw.exec('BEGIN IMMEDIATE');
  release = delay(HOLD_MS).then(() => {
    raw.exec('COMMIT');
    const releasedAt = monotonicMs();
    raw.close();
    return releasedAt;
  });
}

/** When the lock was let go. */
export async function released(): Promise<number> {
  return (await release) ?? NaN;
}
