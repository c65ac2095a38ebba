import type { CacheContents, CacheCounts, CachePrefix } from '../../cache/cache-store';
import type { CacheStoreSettings } from '../../config/schema';
import { humanBytes } from '../../support/bytes';
import { clock } from '../../support/clock';
import { humanDuration } from '../../support/duration';
import { sizeOf } from '../../support/file-system';
import { chooseCache, partsOf, storeOption, type ChosenCache } from '../chosen-cache';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { printable } from '../sql-values';

/** Prefixes that are shown one by one. */
const PREFIXES = 10;

const signature = defineSignature({
  name: 'cache:stats',
  description: 'Show what lies in a cache store, and how often it is hit',
  options: {
    store: storeOption,
    json: { description: 'Print JSON and nothing else' },
  },
});

export class CacheStatsCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const booted = await app();
    const stats = await statsOf(booted, chooseCache(booted, options.store));
    if (options.json) output.json(stats);
    else print(stats, output);
  }
}

/** What is told of a store. */
interface CacheStats extends CacheCounts, Omit<CacheContents, 'oldest'> {
  readonly store: string;
  readonly driver: string;
  /** Whether each process has entries and counts of its own, so that these are of nobody else. */
  readonly isPerProcess: boolean;
  readonly file: {
    readonly path: string;
    readonly bytes: number;
    readonly walBytes: number;
  } | null;
  /** Hits among all reads; null where nothing was read. */
  readonly hitRate: number | null;
  /** When the oldest live entry was written, in epoch milliseconds; null when there is none. */
  readonly oldest: number | null;
  /** The sum of what is left out of `prefixes`. */
  readonly others: { readonly prefixes: number; readonly entries: number; readonly bytes: number };
}

async function statsOf(app: ConsoleApplication, chosen: ChosenCache): Promise<CacheStats> {
  const { name, store, settings, prefix } = chosen;
  const contents = await store.contents(prefix);
  const counts = await store.counts();
  const reads = counts.hits + counts.misses;
  return {
    store: name,
    driver: settings.driver,
    isPerProcess: settings.driver === 'memory',
    file: fileOf(app, settings),
    ...contents,
    oldest: contents.oldest ?? null,
    prefixes: contents.prefixes.slice(0, PREFIXES),
    others: sumOf(contents.prefixes.slice(PREFIXES)),
    hitRate: reads === 0 ? null : counts.hits / reads,
    ...counts,
  };
}

function fileOf(app: ConsoleApplication, chosen: CacheStoreSettings): CacheStats['file'] {
  const [connection] = partsOf(app, chosen).flatMap((settings) =>
    settings.driver === 'sqlite' ? [settings.connection] : [],
  );
  if (connection === undefined) return null;
  const { file: path } = app.connections.connection(connection);
  return { path, bytes: sizeOf(path), walBytes: sizeOf(`${path}-wal`) };
}

function sumOf(prefixes: readonly CachePrefix[]): CacheStats['others'] {
  const sum = (of: (prefix: CachePrefix) => number): number =>
    prefixes.reduce((total, prefix) => total + of(prefix), 0);
  return {
    prefixes: prefixes.length,
    entries: sum(({ entries }) => entries),
    bytes: sum(({ bytes }) => bytes),
  };
}

function print(stats: CacheStats, output: Output): void {
  if (stats.isPerProcess) {
    return output.warn(
      `The store "${stats.store}" lives in the memory of each process: what a server or worker holds cannot be seen from here.`,
    );
  }
  output.heading(stats.store, stats.driver);
  for (const [name, value] of Object.entries(linesOf(stats))) output.twoColumn(name, value);
  output.line();
  if (stats.prefixes.length > 0) printPrefixes(stats, output);
}

function linesOf({ file, oldest, hitRate, hits, misses, ...stats }: CacheStats) {
  const percent = hitRate === null ? 'not read yet' : `${(hitRate * 100).toFixed(1)} %`;
  return {
    Entries: `${stats.entries}, ${humanBytes(stats.bytes)}`,
    ...(oldest !== null && { 'Oldest entry': humanDuration(Math.max(0, clock.now() - oldest)) }),
    'Dead, not yet removed': String(stats.dead),
    ...(file !== null && {
      File: file.path,
      'File size': `${humanBytes(file.bytes)}, -wal ${humanBytes(file.walBytes)}`,
    }),
    'Hit rate': `${percent} (${hits} hits, ${misses} misses)`,
    Writes: String(stats.writes),
    Forgets: String(stats.forgets),
    Evictions: String(stats.evictions),
    Errors: String(stats.errors),
  };
}

function printPrefixes({ prefixes, others }: CacheStats, output: Output): void {
  const rest =
    others.prefixes === 0 ? [] : [{ ...others, prefix: `${others.prefixes} other prefixes` }];
  const rows = [...prefixes, ...rest].map(({ prefix, entries, bytes }) => [
    printable(prefix),
    entries,
    humanBytes(bytes),
  ]);
  output.table(['Keys up to the first ":"', 'Entries', 'Bytes'], rows);
}
