import { parseBytes } from '../../config/bytes';
import { watchFile, type WatchReport } from '../../database/care/file-watch';
import { humanBytes } from '../../support/bytes';
import { isDurationText, toMilliseconds } from '../../support/duration';
import type { Command, CommandContext } from '../command';
import { eachConnection, exitCodeOf, outcomesAsJson, printOutcomes } from '../each-connection';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:monitor',
  description: 'Watch who holds the locks of the files; exit code 1 past a threshold',
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'The connection; by default all of them, one after the other',
    },
    for: {
      type: 'string',
      value: 'duration',
      description: 'How long each file is watched, as "500ms" or "10s"',
      default: '2s',
    },
    'max-wal': {
      type: 'string',
      value: 'size',
      description: 'Largest -wal that is well, as "64mb"',
      default: '256mb',
    },
    'max-busy': {
      type: 'integer',
      value: 'percent',
      description: 'Largest share of the time that the write lock may be taken',
      default: 50,
      max: 100,
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

interface Thresholds {
  readonly walBytes: number;
  readonly busyPercent: number;
}

/** A report, and the thresholds it is past. */
interface Judged extends WatchReport {
  readonly busyPercent: number;
  readonly problems: readonly string[];
}

export class DbMonitorCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const forMs = readDuration(options.for);
    const limits = { walBytes: readBytes(options['max-wal']), busyPercent: options['max-busy'] };
    const outcomes = await eachConnection(await app(), options.connection, async (connection) =>
      judge(await watchFile(connection, forMs), limits),
    );
    if (options.json) output.json({ connections: outcomesAsJson(outcomes) });
    else printOutcomes(outcomes, output, (report) => print(report, output));
    const isPast = outcomes.some(({ result }) => (result?.problems.length ?? 0) > 0);
    return isPast ? 1 : exitCodeOf(outcomes);
  }
}

function readDuration(text: string): number {
  if (isDurationText(text)) return toMilliseconds(text);
  throw CommandUsageError.because('db:monitor', `"--for=${text}" is no duration such as "2s"`);
}

function readBytes(text: string): number {
  const bytes = parseBytes(text);
  if (bytes !== undefined) return bytes;
  throw CommandUsageError.because('db:monitor', `"--max-wal=${text}" is no size such as "256mb"`);
}

function judge(report: WatchReport, limits: Thresholds): Judged {
  const { samples, busySamples, walBytes } = report;
  const busyPercent = samples === 0 ? 0 : Math.round((100 * busySamples) / samples);
  const problems = [
    ...(walBytes > limits.walBytes
      ? [`The -wal has ${humanBytes(walBytes)}, more than ${humanBytes(limits.walBytes)}.`]
      : []),
    ...(busyPercent > limits.busyPercent
      ? [
          `The write lock was taken ${busyPercent} % of the time, more than ${limits.busyPercent} %.`,
        ]
      : []),
  ];
  return { ...report, busyPercent, problems };
}

function print(report: Judged, output: Output): void {
  const { walFrames, checkpointedFrames, samples, busyPercent, longestBusyMs } = report;
  const entries: Record<string, string> = {
    '-wal': `${humanBytes(report.walBytes)}, ${walFrames} frames, ${checkpointedFrames} of them in the file`,
    'Write lock taken': `${busyPercent} % of ${samples} samples, ${longestBusyMs}ms at the longest`,
    'Written by': processes(report.writers),
    'Reading all the time': processes(report.longReaders),
    'Open in': processes(report.openers),
  };
  for (const [name, value] of Object.entries(entries)) output.twoColumn(name, value);
  for (const problem of report.problems) output.line(`  ${output.colors.red(problem)}`);
}

function processes(pids: readonly number[]): string {
  return pids.length === 0 ? 'nobody seen' : `process ${pids.join(', ')}`;
}
