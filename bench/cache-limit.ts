import { statSync } from 'node:fs';
import { fillFor, type FillReport } from './cache/filler';
import { makeCacheApplication, type CacheStores } from './lib/application';
import { atMost, type Benchmark, type Floor } from './lib/benchmark';
import { withChildren } from './lib/child';
import { openRaw, rawLike, type RawFile } from './lib/raw';
import { percentile, show, sum } from './lib/statistics';
import { printTable } from './lib/table';
import { delay, monotonicMs } from './lib/time';

/*
 * Two processes put entries that never expire into one cache of 16 MB, under keys of their own, as fast as they can, and get one of the last
 * after each. This process looks at the size of the file meanwhile. An entry that was put, and is not in the file at the end, was evicted.
 */

const MEGABYTE = 1_048_576;
const MAX_MEGABYTES = 16;
/** The `journalSizeLimit` of a connection that says nothing of it. */
const MAX_WAL_MEGABYTES = 64;
const PROCESSES = 2;
const SAMPLE_MS = 20;
/** Lines of the table that show the size over time. */
const LINES = 6;

/** How large the file was at a moment. */
interface Sample {
  readonly atSeconds: number;
  readonly fileBytes: number;
  readonly walBytes: number;
}

export const cacheLimit: Benchmark = {
  name: 'cache-limit',
  shows: `a cache of ${MAX_MEGABYTES} MB that two processes fill without a pause`,
  seconds: { alone: 10, among: 5 },

  async run({ folder, seconds }) {
    const file = await makeCache(folder);
    const samples: Sample[] = [];
    const reports = await withChildren(
      PROCESSES,
      require.resolve('./cache/filler'),
      async (children) => {
        const watch = watchSize(file.file, samples);
        const filling = children.map((child) => child.run(fillFor, { folder, seconds }));
        return Promise.all(filling).finally(() => watch.stop());
      },
    );
    return report(samples, reports, countEntries(file));
  },
};

async function makeCache(folder: string): Promise<RawFile> {
  const stores: CacheStores = {
    limited: { driver: 'sqlite', connection: 'cache', maxBytes: `${MAX_MEGABYTES}mb` },
  };
  const app = await makeCacheApplication(folder, { default: {}, cache: {} }, stores);
  const file = await rawLike(app.connections.connection('cache'));
  await app.close();
  return file;
}

function watchSize(file: string, samples: Sample[]): { stop(): Promise<void> } {
  const startedAt = monotonicMs();
  const ended = new AbortController();
  const watching = (async (): Promise<void> => {
    while (!ended.signal.aborted) {
      samples.push({
        atSeconds: (monotonicMs() - startedAt) / 1000,
        fileBytes: sizeOf(file),
        walBytes: sizeOf(`${file}-wal`),
      });
      await delay(SAMPLE_MS);
    }
  })();
  return {
    async stop() {
      ended.abort();
      await watching;
    },
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function countEntries(file: RawFile): number {
  const raw = openRaw(file, 0);
  const count = raw.prepare('select count(*) from cache_entries').pluck().get() as number;
  raw.close();
  return count;
}

function report(
  samples: readonly Sample[],
  reports: readonly FillReport[],
  entries: number,
): Floor[] {
  const largest = Math.max(...samples.map(({ fileBytes }) => fileBytes)) / MEGABYTE;
  const largestWal = Math.max(...samples.map(({ walBytes }) => walBytes)) / MEGABYTE;
  printSizes(samples, [largest, largestWal]);
  printCalls(reports);
  const puts = sum(reports.map((one) => one.puts));
  const hits = sum(reports.map((one) => one.hits));
  const errors = reports.flatMap((one) => one.errors);
  const unanswered = sum(reports.map((one) => one.unanswered));
  printTable(
    ['entries put', 'at the end in the file', 'evicted', 'gets that hit', 'unanswered', 'errors'],
    [
      [
        show(puts),
        show(entries),
        show(puts - entries),
        percent(hits / puts),
        show(unanswered),
        countEach(errors),
      ],
    ],
  );
  const limit = Number((1.1 * MAX_MEGABYTES).toFixed(1));
  return [
    atMost(0, { what: 'errors that reach a caller', value: errors.length, unit: '' }),
    atMost(0, { what: 'calls that became misses', value: unanswered, unit: '' }),
    atMost(limit, { what: 'the file beside its -wal, largest', value: largest, unit: ' MB' }),
    atMost(MAX_WAL_MEGABYTES, { what: 'the -wal, largest', value: largestWal, unit: ' MB' }),
  ];
}

function printSizes(samples: readonly Sample[], largest: readonly [number, number]): void {
  const shown = Array.from({ length: LINES }, (_, line) =>
    samples.at(Math.round((line * (samples.length - 1)) / (LINES - 1))),
  ).filter((sample) => sample !== undefined);
  printTable(
    ['after s', 'file MB', '-wal MB'],
    [
      ...shown.map(({ atSeconds, fileBytes, walBytes }) => [
        show(atSeconds, 1),
        show(fileBytes / MEGABYTE, 1),
        show(walBytes / MEGABYTE, 1),
      ]),
      ['largest', ...largest.map((size) => show(size, 1))],
    ],
  );
}

function printCalls(reports: readonly FillReport[]): void {
  const cells = (times: readonly Float64Array[]): string[] => {
    const all = times.flatMap((some) => [...some]);
    const at = (share: number): string => show(percentile(all, share), 3);
    return [show(all.length), at(50), at(99), at(100)];
  };
  printTable(
    ['', 'calls', 'p50 ms', 'p99 ms', 'worst ms'],
    [
      ['get', ...cells(reports.map(({ getMs }) => getMs))],
      ['put', ...cells(reports.map(({ putMs }) => putMs))],
    ],
  );
}

function percent(share: number): string {
  return `${show(share * 100, 1)} %`;
}

function countEach(codes: readonly string[]): string {
  const each = [...new Set(codes)].map(
    (code) => `${code} × ${codes.filter((other) => other === code).length}`,
  );
  return each.length === 0 ? 'none' : each.join(', ');
}
