import { queueConnectionOption } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';
import { workOptionSpecs } from '../work-options';

const { queue, name, tries, backoff, timeout, sleep } = workOptionSpecs;

const signature = defineSignature({
  name: 'queue:listen',
  description: 'Run each job in a process that has read the code anew; for development',
  options: {
    connection: queueConnectionOption,
    queue,
    name,
    tries,
    backoff,
    timeout,
    sleep,
    'shutdown-timeout': workOptionSpecs['shutdown-timeout'],
  },
});

export class QueueListenCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ codePath, output, terminal }: CommandContext<typeof signature>): Promise<number> {
    // Nothing else needs it
    const { LISTENED_FOLDERS, WorkerListener } =
      require('../worker-listener') as typeof import('../worker-listener');
    const isColored = terminal.color ?? output.colors.isColorSupported;
    const listener = new WorkerListener({
      parameters: workerParameters(process.argv.slice(1), isColored),
      codePath,
      say: (text) => output.line(`  ${output.colors.dim(text)}`),
    });
    output.info(
      `Listening; each job, and each change of ${LISTENED_FOLDERS.join(', ')}, gets a new worker.`,
    );
    return listener.run();
  }
}

/** The own command line, for one job. What is added comes first: behind a `--` it would be no option. */
function workerParameters(own: readonly string[], isColored: boolean): string[] {
  const at = own.indexOf(signature.name);
  const color = isColored ? '--ansi' : '--no-ansi';
  return [
    ...own.slice(0, at),
    'queue:work',
    '--max-jobs=1',
    '--jobs-only',
    color,
    ...own.slice(at + 1),
  ];
}
