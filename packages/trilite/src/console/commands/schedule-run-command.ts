import { toMilliseconds } from '../../support/duration';
import type { Command, CommandContext } from '../command';
import { SchedulerLines } from '../scheduler-lines';
import { onShutdown } from '../shutdown';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'schedule:run',
  description: 'Run what is due now, and end: for a crontab that calls it every minute',
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

export class ScheduleRunCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { options, output, terminal } = context;
    const app = await context.app();
    const lines = new SchedulerLines(output, { json: options.json, verbose: terminal.verbose });
    let events = 0;
    const scheduler = app.scheduler(
      (event) => {
        events += 1;
        lines.print(event);
      },
      { shutdownMs: toMilliseconds(options['shutdown-timeout']) },
    );
    const stopListening = onShutdown(
      () => scheduler.stop(),
      () => scheduler.stopNow(),
    );
    try {
      await scheduler.runDue();
    } finally {
      stopListening();
    }
    if (events === 0 && !options.json) output.info('Nothing is due.');
    return 0;
  }
}
