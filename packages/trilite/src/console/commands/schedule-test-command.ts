import type { ScheduleRegistry } from '../../schedule/schedule-registry';
import type { Task } from '../../schedule/task';
import type { RunOutcome } from '../../schedule/task-runner';
import { humanDuration } from '../../support/duration';
import { messageOf } from '../../support/errors';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { onShutdown } from '../shutdown';
import { defineSignature } from '../signature';
import { readIds, wordsOf } from '../tenant-selection';

const signature = defineSignature({
  name: 'schedule:test',
  description: 'Run a task of the schedule now, whatever its times and conditions say',
  arguments: {
    name: { description: 'The name of the task; asked for when there is none', required: false },
  },
  options: {
    tenants: {
      type: 'string',
      value: 'a,b',
      description: 'Of a task per tenant, these tenants, by id; by default all',
    },
  },
});

type Context = CommandContext<typeof signature>;

export class ScheduleTestCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: Context): Promise<number> {
    const { output } = context;
    const { schedule } = await context.app();
    const task = await chosenTask(schedule, context);
    const stop = new AbortController();
    const onStop = (): void => stop.abort(new Error('The run was stopped.'));
    const stopListening = onShutdown(onStop, onStop);
    try {
      if (task.perTenant !== undefined) return await runForEach(task, context, stop.signal);
      refuseTenants(context.options.tenants);
      const outcome = await schedule.runNow(task, stop.signal, (error) =>
        output.error(messageOf(error)),
      );
      printOutcome(task.name, outcome, output);
      return outcome.state === 'done' ? 0 : 1;
    } finally {
      stopListening();
    }
  }
}

async function runForEach(
  task: Task,
  { app, output, options }: Context,
  signal: AbortSignal,
): Promise<number> {
  const { schedule } = await app();
  const { tenants } = options;
  const told = new Set<string>();
  const { done, failed, skipped } = await schedule.runNowForEach(task, {
    ...(tenants !== undefined && { tenants: readIds('schedule:test', wordsOf(tenants)) }),
    signal,
    onHookError: (error) => output.error(messageOf(error)),
    onEnd: ({ id }, outcome) => {
      told.add(id);
      printOutcome(`${task.name} [${id}]`, outcome, output);
    },
  });
  for (const { id, error } of failed.filter((one) => !told.has(one.id))) {
    output.error(`[${id}] ${messageOf(error)}`);
  }
  if (done.length + failed.length + skipped.length === 0) output.info('There are no tenants.');
  return failed.length + skipped.length === 0 ? 0 : 1;
}

function printOutcome(name: string, outcome: RunOutcome, output: Output): void {
  if (outcome.output !== '') output.line(outcome.output.trimEnd());
  const { bold, dim, green, red } = output.colors;
  const result = outcome.state === 'done' ? green(bold('DONE')) : red(bold('FAIL'));
  output.twoColumn(name, `${dim(humanDuration(outcome.tookMs))} ${result}`);
  if (outcome.error !== undefined) output.error(messageOf(outcome.error));
}

function refuseTenants(tenants: string | undefined): void {
  if (tenants === undefined) return;
  throw CommandUsageError.because('schedule:test', 'The task is not run per tenant');
}

async function chosenTask(
  schedule: ScheduleRegistry,
  { arguments: { name }, prompts, terminal }: Context,
): Promise<Task> {
  if (name !== undefined) return schedule.find(name);
  const names = schedule.tasks.map((task) => task.name);
  if (!terminal.interactive || names.length === 0) {
    const known = names.length === 0 ? 'there is none' : `there are: ${names.join(', ')}`;
    throw CommandUsageError.because('schedule:test', `It needs the name of a task; ${known}`);
  }
  const chosen = await prompts.choose('Which task?', names);
  return schedule.find(chosen);
}
