import { toMilliseconds } from '../../support/duration';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { SchedulerLines } from '../scheduler-lines';
import { onShutdown } from '../shutdown';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'schedule:work',
  description: 'Run the tasks of the schedule as they become due',
  options: {
    'shutdown-timeout': {
      type: 'integer',
      value: 'seconds',
      description: 'How long a stop waits for running tasks',
      default: 30,
    },
    json: { description: 'Print a JSON object a line' },
  },
});

export class ScheduleWorkCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { options, output, terminal } = context;
    const app = await context.app();
    const lines = new SchedulerLines(output, { json: options.json, verbose: terminal.verbose });
    const shutdownMs = toMilliseconds(options['shutdown-timeout']);
    const scheduler = app.scheduler((event) => lines.print(event), { shutdownMs });
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
