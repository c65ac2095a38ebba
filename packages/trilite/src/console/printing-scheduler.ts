import type { Scheduler } from '../schedule/scheduler';
import { toMilliseconds } from '../support/duration';
import type { CommandContext } from './command';
import { SchedulerLines } from './scheduler-lines';

/** The options of a command that runs the schedule. */
export const schedulerOptionSpecs = {
  'shutdown-timeout': {
    type: 'integer',
    value: 'seconds',
    description: 'How long a stop waits for running tasks',
    default: 30,
  },
  json: { description: 'Print a JSON object a line' },
} as const;

type Context = Pick<CommandContext, 'app' | 'output' | 'terminal'> & {
  readonly options: { readonly 'shutdown-timeout': number; readonly json: boolean };
};

/** A scheduler whose lines are printed; it does nothing before `run`. `hasSpoken` tells whether anything happened. */
export async function printingScheduler({
  app,
  options,
  output,
  terminal,
}: Context): Promise<{ readonly scheduler: Scheduler; readonly hasSpoken: () => boolean }> {
  const { json } = options;
  const lines = new SchedulerLines(output, { json, verbose: terminal.verbose });
  let events = 0;
  const application = await app();
  const scheduler = application.scheduler(
    (event) => {
      events += 1;
      lines.print(event);
    },
    { shutdownMs: toMilliseconds(options['shutdown-timeout']) },
  );
  return { scheduler, hasSpoken: () => events > 0 };
}
