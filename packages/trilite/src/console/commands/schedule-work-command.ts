import type { Command, CommandContext } from '../command';
import { metricsOptionSpecs, withMetrics } from '../metrics-server';
import type { Output } from '../output';
import { printingScheduler, schedulerOptionSpecs } from '../printing-scheduler';
import { onShutdown } from '../shutdown';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'schedule:work',
  description: 'Run the tasks of the schedule as they become due',
  options: { ...schedulerOptionSpecs, ...metricsOptionSpecs },
});

export class ScheduleWorkCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): Promise<number> {
    const told = { command: signature.name, isQuiet: context.options.json };
    return withMetrics(context, told, () => this.#work(context));
  }

  async #work(context: CommandContext<typeof signature>): Promise<number> {
    const { options, output } = context;
    const app = await context.app();
    const { scheduler } = await printingScheduler(context);
    if (!options.json) sayBeginning(app.schedule.tasks.length, output);
    app.walKeeper.start();
    const stopListening = onShutdown(
      () => {
        scheduler.stop();
        if (!options.json) sayStopping(scheduler.runningTasks, output);
      },
      () => scheduler.stopNow(),
    );
    try {
      await scheduler.run();
    } finally {
      stopListening();
    }
    return 0;
  }
}

function sayBeginning(tasks: number, output: Output): void {
  if (tasks === 0) output.warn('The schedule has no tasks: declare some in routes/console.ts.');
  else output.info(`Running ${tasks} scheduled task${tasks === 1 ? '' : 's'} as they become due.`);
}

function sayStopping(tasks: number, output: Output): void {
  if (tasks === 0) return;
  output.line(
    `  Stopping after ${tasks} running task${tasks > 1 ? 's' : ''}; a second Ctrl+C stops ${tasks > 1 ? 'them' : 'it'} now.`,
  );
}
