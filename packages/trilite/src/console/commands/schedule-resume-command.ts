import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'schedule:resume',
  description: 'End the pause of a task of the schedule, or every pause',
  arguments: {
    task: { description: 'The name of the task; by default all of them', required: false },
  },
});

export class ScheduleResumeCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, arguments: { task }, output }: CommandContext<typeof signature>) {
    const { schedule } = await app();
    const wasPaused = await schedule.resume(task);
    const what = task === undefined ? 'The schedule' : `The task "${task}"`;
    if (wasPaused) output.info(`${what} runs again.`);
    else output.warn(`${what} was not paused.`);
    const stillPaused = (await schedule.statuses(0)).filter(({ isPaused }) => isPaused);
    if (task !== undefined && stillPaused.some((status) => status.task.name === task)) {
      output.warn(
        'The whole schedule is still paused: "schedule:resume" without a name ends that.',
      );
    }
  }
}
