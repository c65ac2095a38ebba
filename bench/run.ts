import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { driverVersions } from 'trilite';
import { backup } from './backup';
import { cache } from './cache';
import { cacheLimit } from './cache-limit';
import { consoleStart } from './console';
import { eightWriters } from './eight-writers';
import { groupCommit } from './group-commit';
import { http } from './http';
import type { Benchmark, Floor } from './lib/benchmark';
import { lockWait } from './lock-wait';
import { offload } from './offload';
import { queue } from './queue';
import { queueIdle } from './queue-idle';
import { refresh } from './refresh';
import { tenantLock } from './tenant-lock';
import { tenants } from './tenants';
import { threeFiles } from './three-files';

const BENCHMARKS: readonly Benchmark[] = [
  threeFiles,
  groupCommit,
  lockWait,
  eightWriters,
  cache,
  cacheLimit,
  queue,
  queueIdle,
  tenants,
  tenantLock,
  http,
  offload,
  backup,
  consoleStart,
  refresh,
];

/** What the command line asks for. */
interface Order {
  readonly benchmarks: readonly Benchmark[];
  /** For how long each side is measured; undefined leaves it to the benchmark. */
  readonly seconds: number | undefined;
}

/** The command line asks for what there is not. */
class UsageError extends Error {}

// Ctrl-C ends the process as `exit` does, so that the folder below is removed; other processes end with this one.
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});

async function main(words: readonly string[]): Promise<void> {
  const { benchmarks, seconds } = readOrder(words);
  printMachine();
  const floors: Floor[] = [];
  for (const benchmark of benchmarks) {
    const { alone, among } = benchmark.seconds;
    const each = seconds ?? (benchmarks.length === 1 ? alone : among);
    floors.push(...(await runOne(benchmark, each)));
  }
  const missed = floors.filter(({ holds }) => !holds);
  if (missed.length === 0) return;
  console.log(`${missed.length} of ${floors.length} floors missed:`);
  for (const floor of missed) printFloor(floor);
  process.exitCode = 1;
}

function readOrder(words: readonly string[]): Order {
  const { names, seconds } = readWords(words);
  const unknown = names.find((name) => BENCHMARKS.every((benchmark) => benchmark.name !== name));
  if (unknown !== undefined) {
    const known = BENCHMARKS.map(({ name }) => name).join(', ');
    throw new UsageError(`There is no benchmark "${unknown}". There are: ${known}.`);
  }
  if (seconds !== undefined && !(Number(seconds) > 0)) {
    throw new UsageError(`Expected --seconds to be a number above 0, got "${seconds}".`);
  }
  return {
    benchmarks: BENCHMARKS.filter(({ name }) => names.length === 0 || names.includes(name)),
    seconds: seconds === undefined ? undefined : Number(seconds),
  };
}

function readWords(words: readonly string[]): {
  readonly names: readonly string[];
  readonly seconds: string | undefined;
} {
  try {
    const options = { seconds: { type: 'string' } } as const;
    const { positionals, values } = parseArgs({
      args: [...words],
      options,
      allowPositionals: true,
    });
    return { names: positionals, seconds: values.seconds };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function printMachine(): void {
  const { driver, sqlite } = driverVersions();
  const cores = `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown CPU'}`;
  console.log(`Node ${process.versions.node}, better-sqlite3 ${driver}, SQLite ${sqlite}`);
  console.log(`${cores}, load ${loadavg()[0]?.toFixed(1) ?? '?'}, files in ${tmpdir()}\n`);
}

async function runOne(benchmark: Benchmark, seconds: number): Promise<readonly Floor[]> {
  console.log(`${benchmark.name}: ${benchmark.shows}\n`);
  const floors = await inTemporaryFolder((folder) => benchmark.run({ folder, seconds }));
  for (const floor of floors) printFloor(floor);
  console.log();
  return floors;
}

function printFloor({ what, limit, measured, holds }: Floor): void {
  console.log(`  ${holds ? 'holds ' : 'MISSED'}  ${what}: ${measured}, floor ${limit}`);
}

async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'trilite-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', remove);
  try {
    return await use(folder);
  } finally {
    process.off('exit', remove);
    remove();
  }
}
