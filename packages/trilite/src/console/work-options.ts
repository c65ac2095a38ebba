import type { Backoff } from '../queue/job';
import type { WorkOptions } from '../queue/queue-registry';
import { toMilliseconds } from '../support/duration';
import { readQueue } from './chosen-queue';
import { CommandUsageError } from './errors';
import type { OptionsOf } from './signature';

/** The options of a command that works a queue: `queue:work`, and what starts it. */
export const workOptionSpecs = {
  queue: {
    type: 'string',
    value: 'a,b',
    description:
      'Queues in order of priority; by default "default", then those that job classes name',
  },
  name: { type: 'string', value: 'name', description: 'What the worker is called in its lines' },
  concurrency: { type: 'integer', value: 'n', description: 'Jobs at a time', default: 1, min: 1 },
  tries: {
    type: 'integer',
    value: 'n',
    description: 'Runs before a job has failed that does not say; 0 is unlimited',
    default: 1,
  },
  backoff: {
    type: 'string',
    value: 'a,b',
    description: 'Seconds, or durations, before the next runs of a job that does not say',
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
  rest: {
    type: 'integer',
    value: 'seconds',
    description: 'Pause after each job',
    default: 0,
  },
  'max-jobs': {
    type: 'integer',
    value: 'n',
    description: 'Stop after so many jobs; 0 is never',
    default: 0,
  },
  'max-time': {
    type: 'integer',
    value: 'seconds',
    description: 'Stop after so long; 0 is never',
    default: 0,
  },
  memory: {
    type: 'integer',
    value: 'megabytes',
    description: 'Stop, with exit code 12, once the process takes more; 0 is never',
    default: 0,
  },
  'shutdown-timeout': {
    type: 'integer',
    value: 'seconds',
    description: 'How long a stop waits for running jobs',
    default: 30,
  },
} as const;

type Given = OptionsOf<{ name: string; description: string; options: typeof workOptionSpecs }>;

/** What a worker is asked for on the command line. @throws E_COMMAND_USAGE */
export function readWorkOptions(
  command: string,
  given: Given,
  ends: { readonly once: boolean; readonly stopWhenEmpty: boolean },
): Omit<WorkOptions, 'queues'> {
  return {
    ...ends,
    concurrency: given.concurrency,
    tries: given.tries,
    backoff: readBackoff(command, given.backoff),
    timeoutMs: toMilliseconds(given.timeout),
    sleepMs: toMilliseconds(given.sleep),
    restMs: toMilliseconds(given.rest),
    shutdownMs: toMilliseconds(given['shutdown-timeout']),
    ...(given.name !== undefined && { name: readName(command, given.name) }),
    ...(given['max-jobs'] > 0 && { maxJobs: given['max-jobs'] }),
    ...(given['max-time'] > 0 && { maxTimeMs: toMilliseconds(given['max-time']) }),
    ...(given.memory > 0 && { maxMemoryBytes: given.memory * 1024 * 1024 }),
  };
}

/** The queues of a list. @throws E_COMMAND_USAGE for what is no name of a queue */
export function readQueues(command: string, text: string): string[] {
  const names = readList(command, 'queue', text).map((name) => readQueue(command, name));
  return [...new Set(names)];
}

/** Part of what the owner of a job is called, whose parts are separated by slashes. */
function readName(command: string, name: string): string {
  if (/^[\w.:-]{1,64}$/.test(name)) return name;
  const rule = 'it takes up to 64 letters, digits, ".", ":", "_" and "-"';
  throw CommandUsageError.because(command, `"--name=${name}" is no name: ${rule}`);
}

function readBackoff(command: string, text: string | undefined): Backoff {
  if (text === undefined) return 0;
  return readList(command, 'backoff', text).map((step) => {
    try {
      const duration = /^\d+(\.\d+)?$/.test(step) ? Number(step) : step;
      toMilliseconds(duration);
      return duration;
    } catch {
      const rule = 'a step is a number of seconds, or a duration such as "10s"';
      throw CommandUsageError.because(command, `"--backoff=${text}" holds "${step}": ${rule}`);
    }
  });
}

function readList(command: string, option: string, text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.includes('')) {
    throw CommandUsageError.because(command, `"--${option}=${text}" holds an empty part`);
  }
  return parts;
}
