import type { QueueStatus } from '../../queue/job-records';
import { humanDuration } from '../../support/duration';
import { chooseQueue, queueConnectionOption, statusOf } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { readQueues } from '../work-options';

const signature = defineSignature({
  name: 'queue:monitor',
  description: 'Count the jobs that are due; exit code 1 when a queue has too many',
  arguments: {
    queues: { description: 'Queues, as "default,mail"; by default all of them', required: false },
  },
  options: {
    connection: queueConnectionOption,
    max: {
      type: 'integer',
      value: 'n',
      description: 'Jobs that may be due in a queue and not be running',
      default: 1000,
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

/** A queue and whether it is longer than it may be. Jobs that are to wait make no queue long. */
interface Judged {
  readonly queue: string;
  readonly size: number;
  readonly delayed: number;
  readonly running: number;
  readonly oldestAgeMs: number | null;
  readonly isPaused: boolean;
  readonly isBusy: boolean;
}

export class QueueMonitorCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: given,
    options,
    output,
  }: CommandContext<typeof signature>): Promise<number> {
    const names =
      given.queues === undefined ? undefined : readQueues('queue:monitor', given.queues);
    const booted = await app();
    const chosen = chooseQueue(booted, options.connection);
    const all = await statusOf(booted, chosen, names);
    const judged = all.map((status) => judge(status, options.max));
    for (const { queue, size, isBusy } of judged) {
      if (isBusy) booted.queues.events.emit({ connection: chosen.name, kind: 'busy', queue, size });
    }
    if (options.json) output.json({ connection: chosen.name, max: options.max, queues: judged });
    else print(judged, output);
    return judged.some(({ isBusy }) => isBusy) ? 1 : 0;
  }
}

function judge(status: QueueStatus, max: number): Judged {
  const { queue, ready: size, delayed, running, oldestAgeMs = null, isPaused } = status;
  return { queue, size, delayed, running, oldestAgeMs, isPaused, isBusy: size > max };
}

function print(judged: readonly Judged[], output: Output): void {
  const { dim, green, red } = output.colors;
  output.line();
  for (const { queue, size, oldestAgeMs, isPaused, isBusy } of judged) {
    const facts = [
      `${size} due`,
      ...(oldestAgeMs === null ? [] : [`the oldest for ${humanDuration(oldestAgeMs)}`]),
      ...(isPaused ? ['paused'] : []),
    ];
    output.twoColumn(queue, `${dim(facts.join(', '))} ${isBusy ? red('BUSY') : green('OK')}`);
  }
  output.line();
}
