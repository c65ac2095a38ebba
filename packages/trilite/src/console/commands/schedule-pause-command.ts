import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'schedule:pause',
  description: 'Skip a task of the schedule, or all of them, until they are resumed',
  arguments: {
    task: { description: 'The name of the task; by default all of them', required: false },
  },
});

export class SchedulePauseCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, arguments: { task }, output }: CommandContext<typeof signature>) {
    const { schedule } = await app();
    const isNew = await schedule.pause(task);
    const what = task === undefined ? 'The schedule' : `The task "${task}"`;
    if (isNew) output.info(`${what} is paused: what becomes due is skipped.`);
    else output.warn(`${what} is paused already.`);
  }
}
