import type { TaskStatus } from '../../schedule/schedule-registry';
import type { Task } from '../../schedule/task';
import { clock } from '../../support/clock';
import { humanDuration } from '../../support/duration';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'schedule:list',
  description:
    'List the tasks of the schedule: when they are due next, and what became of the last run',
  options: {
    next: { description: 'Sort by the next time' },
    timezone: {
      type: 'string',
      value: 'name',
      description: 'Show times in a time zone; by default in that of each task',
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class ScheduleListCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    refuseUnknownTimezone(options.timezone);
    const now = clock.now();
    const statuses = await (await app()).schedule.statuses(now);
    const shown = options.next ? statuses.toSorted(byNextTime) : statuses;
    if (options.json) return output.json(shown.map(toJson));
    if (shown.length === 0) return output.info('The schedule has no tasks.');
    output.line();
    const width = Math.max(...shown.map(({ task }) => task.expression.length));
    for (const status of shown) print(status, { output, width, now, timezone: options.timezone });
    output.line();
  }
}

interface Layout {
  readonly output: Output;
  /** Characters of the longest expression. */
  readonly width: number;
  readonly now: number;
  readonly timezone: string | undefined;
}

function print(status: TaskStatus, { output, width, now, timezone }: Layout): void {
  const { task, nextDueAt, last, isPaused } = status;
  const { dim, yellow } = output.colors;
  const zone = timezone ?? task.timezone;
  const next =
    nextDueAt === undefined
      ? 'never'
      : `in ${roughly(nextDueAt - now)} ${dim(inZone(nextDueAt, zone))}`;
  const paused = isPaused && !task.evenWhenPaused ? `${yellow('PAUSED')} ` : '';
  const whose = task.perTenant === undefined ? '' : ` ${dim('per tenant')}`;
  const name = `${yellow(task.expression.padEnd(width))} ${task.name}${whose}`;
  output.twoColumn(name, `${paused}${next}`);
  if (task.what !== task.name) output.line(`  ${' '.repeat(width)} ${dim(`⇂ ${task.what}`)}`);
  if (last === undefined) return;
  const message = last.message === null ? '' : `: ${last.message.split('\n')[0] ?? ''}`;
  const line = `⇂ last ${inZone(last.dueAt, zone)} ${last.state}${message}`;
  output.line(`  ${' '.repeat(width)} ${dim(line)}`);
}

function roughly(milliseconds: number): string {
  return humanDuration(Math.max(1, Math.ceil(milliseconds / 1000)) * 1000);
}

function inZone(time: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return `${format.format(time)} ${timeZone}`;
}

function byNextTime(a: TaskStatus, b: TaskStatus): number {
  return (a.nextDueAt ?? Infinity) - (b.nextDueAt ?? Infinity);
}

function toJson({ task, nextDueAt, last, isPaused }: TaskStatus): object {
  return {
    name: task.name,
    kind: task.action.kind,
    what: task.what,
    expression: task.expression,
    timezone: task.timezone,
    whenMissed: task.whenMissed,
    perTenant: perTenantAsJson(task.perTenant),
    nextDueAt: iso(nextDueAt),
    isPaused: isPaused && !task.evenWhenPaused,
    last: last === undefined ? null : lastAsJson(last),
  };
}

function perTenantAsJson(perTenant: Task['perTenant']): object | null {
  if (perTenant === undefined) return null;
  const { jitterMs, concurrency } = perTenant;
  return { jitterMs, concurrency };
}

function lastAsJson(last: NonNullable<TaskStatus['last']>): object {
  const { state, attempt, exitCode, message } = last;
  const times = { startedAt: iso(last.startedAt), finishedAt: iso(last.finishedAt) };
  return { dueAt: iso(last.dueAt), state, attempt, ...times, exitCode, message };
}

function iso(time: number | null | undefined): string | null {
  return time === null || time === undefined ? null : new Date(time).toISOString();
}

function refuseUnknownTimezone(name: string | undefined): void {
  try {
    new Intl.DateTimeFormat('sv-SE', { timeZone: name });
  } catch {
    throw CommandUsageError.because('schedule:list', `"${String(name)}" is no time zone`);
  }
}
