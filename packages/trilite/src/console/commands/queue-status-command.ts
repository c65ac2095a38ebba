import type { QueueStatus } from '../../queue/job-records';
import { delayMs } from '../../support/clock';
import { humanDuration } from '../../support/duration';
import { chooseQueue, queueConnectionOption, statusOf } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { shutdownRequested } from '../shutdown';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'queue:status',
  description: 'Show how every queue stands',
  options: {
    connection: queueConnectionOption,
    watch: { description: 'Show it anew every second, until Ctrl-C' },
    json: { description: 'Print JSON and nothing else; with --watch an array a line' },
  },
});

type Context = CommandContext<typeof signature>;

const EVERY_MS = 1000;

/** Moves to the upper left and empties the screen. */
const CLEAR = '\u001b[H\u001b[J';

export class QueueStatusCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output, terminal }: Context): Promise<void> {
    const booted = await app();
    const chosen = chooseQueue(booted, options.connection);
    const look = (): Promise<QueueStatus[]> => statusOf(booted, chosen);
    if (!options.watch) {
      const all = await look();
      return options.json ? output.json(all.map(asJson)) : print(all, output);
    }
    await untilStopped(async () => {
      const all = await look();
      if (options.json) return output.result(JSON.stringify(all.map(asJson)));
      if (terminal.interactive) output.line(CLEAR);
      print(all, output);
    });
  }
}

async function untilStopped(show: () => Promise<void>): Promise<void> {
  const stopped = new AbortController();
  void shutdownRequested().then(() => stopped.abort());
  while (!stopped.signal.aborted) {
    await show();
    await delayMs(EVERY_MS, stopped.signal);
  }
}

function asJson(status: QueueStatus): object {
  const { oldestAgeMs, runtimeP50Ms, runtimeP95Ms } = status;
  return {
    ...status,
    oldestAgeMs: oldestAgeMs ?? null,
    runtimeP50Ms: runtimeP50Ms ?? null,
    runtimeP95Ms: runtimeP95Ms ?? null,
  };
}

const HEADINGS = [
  'Queue',
  'Ready',
  'Delayed',
  'Running',
  'Failed',
  'Oldest',
  'Done 1 h',
  'Failed 1 h',
  'p50',
  'p95',
];

function print(all: readonly QueueStatus[], output: Output): void {
  const { yellow } = output.colors;
  const rows = all.map((one) => [
    one.isPaused ? `${one.queue} ${yellow('PAUSED')}` : one.queue,
    one.ready,
    one.delayed,
    one.running,
    one.failed,
    durationOf(one.oldestAgeMs),
    one.doneLastHour,
    one.failedLastHour,
    durationOf(one.runtimeP50Ms),
    durationOf(one.runtimeP95Ms),
  ]);
  output.table(HEADINGS, rows);
}

function durationOf(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '' : humanDuration(milliseconds);
}
