import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { atMost, type Benchmark } from './lib/benchmark';
import { interleave } from './lib/rounds';
import { median, spread } from './lib/statistics';
import { printTable } from './lib/table';
import { monotonicMs } from './lib/time';

/*
 * `npx ts-node artisan.ts list` against `npx ts-node` on an empty file: what Trilite adds to the start of npm's, TypeScript's and Node's
 * tools. Both run in the application's folder, with its tsconfig.json. CPU time is that of all processes of a command, as the shell's
 * `times` has it; a machine that is busy with others stretches wall time, CPU time hardly.
 */

const ROOT = resolve(__dirname, '..');

/** What a command took. */
interface Outcome {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

export const consoleStart: Benchmark = {
  name: 'console',
  shows: 'the start of `artisan list`, and of an empty file',
  seconds: { alone: 15, among: 5 },

  async run({ folder, seconds }) {
    const empty = join(folder, 'empty.ts');
    writeFileSync(empty, '');
    const project = ['--project', join(ROOT, 'tsconfig.json')];
    const { list, nothing } = await interleave(seconds, {
      list: () => command(['ts-node', 'artisan.ts', 'list']),
      nothing: () => command(['ts-node', ...project, empty]),
    });
    const cpu = list.map(
      ({ cpuSeconds }, round) => cpuSeconds - (nothing[round]?.cpuSeconds ?? NaN),
    );
    const wall = list.map(
      ({ wallSeconds }, round) => wallSeconds - (nothing[round]?.wallSeconds ?? NaN),
    );
    printTable(
      [`${list.length} rounds`, 'CPU s', 'wall s'],
      [
        ['npx ts-node artisan.ts list', ...cells(list)],
        ['npx ts-node empty.ts', ...cells(nothing)],
        ['more, in each round', spread(cpu, 2), spread(wall, 2)],
      ],
    );
    return [
      atMost(0.5, { what: 'CPU time more than an empty file', value: median(cpu), unit: ' s' }),
      atMost(0.5, { what: 'wall time more than an empty file', value: median(wall), unit: ' s' }),
    ];
  },
};

function cells(outcomes: readonly Outcome[]): string[] {
  return [
    spread(
      outcomes.map(({ cpuSeconds }) => cpuSeconds),
      2,
    ),
    spread(
      outcomes.map(({ wallSeconds }) => wallSeconds),
      2,
    ),
  ];
}

async function command(words: readonly string[]): Promise<Outcome> {
  const script = 'npx "$@" > /dev/null || exit 1; times';
  const startedAt = monotonicMs();
  const shell = ['-c', script, 'sh', ...words];
  const { stdout } = await promisify(execFile)('sh', shell, { cwd: ROOT });
  return { wallSeconds: (monotonicMs() - startedAt) / 1000, cpuSeconds: childSeconds(stdout) };
}

/** The second line of `times`: user and system time of what the shell ran, as 1m2.34s. */
function childSeconds(times: string): number {
  const parts =
    times
      .trim()
      .split('\n')[1]
      ?.matchAll(/(\d+)m([\d.]+)s/g) ?? [];
  return [...parts].reduce((total, [, m, s]) => total + Number(m) * 60 + Number(s), 0);
}
