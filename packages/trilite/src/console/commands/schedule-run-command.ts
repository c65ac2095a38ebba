import type { Command, CommandContext } from '../command';
import { printingScheduler, schedulerOptionSpecs } from '../printing-scheduler';
import { onShutdown } from '../shutdown';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'schedule:run',
  description: 'Run what is due now, and end: for a crontab that calls it every minute',
  options: schedulerOptionSpecs,
});

export class ScheduleRunCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { options, output } = context;
    const { scheduler, hasSpoken } = await printingScheduler(context);
    const stopListening = onShutdown(
      () => scheduler.stop(),
      () => scheduler.stopNow(),
    );
    try {
      await scheduler.runDue();
    } finally {
      stopListening();
    }
    if (!hasSpoken() && !options.json) output.info('Nothing is due.');
    return 0;
  }
}
