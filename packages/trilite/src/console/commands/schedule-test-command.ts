import type { ScheduleRegistry } from '../../schedule/schedule-registry';
import type { Task } from '../../schedule/task';
import { humanDuration } from '../../support/duration';
import { messageOf } from '../../support/errors';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { onShutdown } from '../shutdown';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'schedule:test',
  description: 'Run a task of the schedule now, whatever its times and conditions say',
  arguments: {
    name: { description: 'The name of the task; asked for when there is none', required: false },
  },
});

export class ScheduleTestCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { output } = context;
    const { schedule } = await context.app();
    const task = await chosenTask(schedule, context);
    const stop = new AbortController();
    const onStop = (): void => stop.abort(new Error('The run was stopped.'));
    const stopListening = onShutdown(onStop, onStop);
    try {
      const outcome = await schedule.runNow(task, stop.signal, (error) =>
        output.error(messageOf(error)),
      );
      if (outcome.output !== '') output.line(outcome.output.trimEnd());
      const { bold, dim, green, red } = output.colors;
      const result = outcome.state === 'done' ? green(bold('DONE')) : red(bold('FAIL'));
      output.twoColumn(task.name, `${dim(humanDuration(outcome.tookMs))} ${result}`);
      if (outcome.error !== undefined) output.error(messageOf(outcome.error));
      return outcome.state === 'done' ? 0 : 1;
    } finally {
      stopListening();
    }
  }
}

async function chosenTask(
  schedule: ScheduleRegistry,
  { arguments: { name }, terminal }: CommandContext<typeof signature>,
): Promise<Task> {
  if (name !== undefined) return schedule.find(name);
  const names = schedule.tasks.map((task) => task.name);
  if (!terminal.interactive || names.length === 0) {
    const known = names.length === 0 ? 'there is none' : `there are: ${names.join(', ')}`;
    throw CommandUsageError.because('schedule:test', `It needs the name of a task; ${known}`);
  }
  const { prompt } = require('enquirer') as typeof import('enquirer');
  const { chosen } = await prompt<{ chosen: string }>({
    type: 'select',
    name: 'chosen',
    message: 'Which task?',
    choices: names,
  });
  return schedule.find(chosen);
}
