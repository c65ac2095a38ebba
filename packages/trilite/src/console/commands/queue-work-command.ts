import { toMilliseconds } from '../../support/duration';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { onShutdown } from '../shutdown';
import { defineSignature, type OptionsOf } from '../signature';
import { WorkerLines } from '../worker-lines';

const signature = defineSignature({
  name: 'queue:work',
  description: 'Run jobs as they become due',
  arguments: {
    connection: {
      description: 'The queue connection; by default the default one',
      required: false,
    },
  },
  options: {
    queue: {
      type: 'string',
      value: 'a,b',
      description:
        'Queues in order of priority; by default "default", then those that job classes name',
    },
    concurrency: { type: 'integer', value: 'n', description: 'Jobs at a time', default: 1, min: 1 },
    tries: {
      type: 'integer',
      value: 'n',
      description: 'Runs a job may fail if it does not say; 0 is unlimited',
      default: 1,
    },
    timeout: {
      type: 'integer',
      value: 'seconds',
      description: 'How long a run may take if the job does not say; 0 is unlimited',
      default: 60,
    },
    sleep: {
      type: 'integer',
      value: 'seconds',
      description: 'Longest wait before looking again when nothing is due',
      default: 3,
      min: 1,
    },
    'shutdown-timeout': {
      type: 'integer',
      value: 'seconds',
      description: 'How long a stop waits for running jobs',
      default: 30,
    },
    once: { description: 'Run one job, or none when none is due' },
    'stop-when-empty': { description: 'Stop when no job is due' },
    json: { description: 'Print a JSON object a line' },
  },
});

export class QueueWorkCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { connection },
    options,
    output,
    terminal,
  }: CommandContext<typeof signature>): Promise<number> {
    const { queues, walKeeper } = await app();
    const name = connection ?? queues.defaultName;
    const queueNames = options.queue === undefined ? queues.queueNames : readQueues(options.queue);
    const lines = new WorkerLines(output, { json: options.json, verbose: terminal.verbose });
    const worker = queues.worker(name, { ...workOptions(options), queues: queueNames }, (event) =>
      lines.print(event),
    );
    await queues.store(name).nextDueAt(queueNames); // a queue that does not answer now is told at once, not every turn
    if (!options.json) {
      output.info(
        `Processing jobs from the [${queueNames.join(', ')}] queue${queueNames.length > 1 ? 's' : ''}.`,
      );
    }
    walKeeper.start();
    const stopListening = onShutdown(
      () => {
        worker.stop();
        if (!options.json) sayStopping(worker.runningJobs, output);
      },
      () => worker.stopNow(),
    );
    try {
      await worker.run();
    } finally {
      stopListening();
    }
    return 0;
  }
}

function sayStopping(jobs: number, output: Output): void {
  if (jobs === 0) return;
  output.line(
    `  Stopping after ${jobs} running job${jobs > 1 ? 's' : ''}; a second Ctrl+C puts ${jobs > 1 ? 'them' : 'it'} back now.`,
  );
}

function workOptions(options: OptionsOf<typeof signature>) {
  return {
    concurrency: options.concurrency,
    tries: options.tries,
    timeoutMs: toMilliseconds(options.timeout),
    sleepMs: toMilliseconds(options.sleep),
    shutdownMs: toMilliseconds(options['shutdown-timeout']),
    once: options.once,
    stopWhenEmpty: options['stop-when-empty'],
  };
}

function readQueues(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) {
    throw CommandUsageError.because('queue:work', `"--queue=${text}" holds an empty name`);
  }
  return [...new Set(names)];
}
