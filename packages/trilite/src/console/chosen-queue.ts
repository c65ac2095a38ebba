import type { QueueConnectionSettings } from '../config/schema';
import { QueueUnsupportedError } from '../queue/errors';
import { QUEUE_NAME, QUEUE_NAME_RULE } from '../queue/job';
import type { QueueStatus } from '../queue/job-records';
import type { QueueDispatcher } from '../queue/queue-dispatcher';
import type { QueueStore } from '../queue/queue-store';
import type { ConsoleApplication } from './console-application';
import { CommandUsageError } from './errors';

/** The queue connection a command works on. */
export interface ChosenQueue {
  readonly name: string;
  readonly store: QueueStore;
  /** Finds what a committed transaction has dispatched, and is not relayed yet, as well. */
  readonly dispatcher: QueueDispatcher;
}

/** Why a command of another process sees nothing of a connection; an empty list would be a lie. */
const OUT_OF_REACH: Readonly<Partial<Record<QueueConnectionSettings['driver'], string>>> = {
  sync: 'be looked into: it keeps no jobs',
  null: 'be looked into: it keeps no jobs',
  memory: 'be looked into: each process keeps its own jobs in memory',
  failover: 'be looked into: each of its connections keeps jobs of its own',
};

/** The option of a command that names the queue connection. */
export const queueConnectionOption = {
  type: 'string',
  value: 'name',
  description: 'The queue connection; by default the default one',
} as const;

/**
 * The queue connection of a name, by default the default one.
 *
 * @throws E_QUEUE_CONNECTION_UNKNOWN
 * @throws E_QUEUE_UNSUPPORTED for one whose jobs this process cannot see
 */
export function chooseQueue(
  { queues }: ConsoleApplication,
  name: string = queues.defaultName,
): ChosenQueue {
  const { driver } = queues.settingsOf(name);
  const why = OUT_OF_REACH[driver];
  if (why !== undefined) throw QueueUnsupportedError.of(driver, why);
  return { name, store: queues.store(name), dispatcher: queues.dispatcher(name) };
}

/** The names of the queue connections whose jobs every process sees. */
export function sharedQueues({ queues }: ConsoleApplication): string[] {
  return queues.names.filter((name) => OUT_OF_REACH[queues.settingsOf(name).driver] === undefined);
}

/** How queues stand: by default those that have, or had, jobs, and those that job classes name. */
export async function statusOf(
  { queues }: ConsoleApplication,
  { store }: ChosenQueue,
  names?: readonly string[],
): Promise<QueueStatus[]> {
  const known = new Map((await store.status()).map((status) => [status.queue, status]));
  const { isPaused } = await store.signals('');
  const wanted = names ?? [...new Set([...known.keys(), ...queues.queueNames])].sort();
  return wanted.map((name) => known.get(name) ?? { queue: name, ...EMPTY, isPaused });
}

/** A queue that never had a job. */
const EMPTY = {
  ready: 0,
  delayed: 0,
  running: 0,
  failed: 0,
  oldestAgeMs: undefined,
  doneLastHour: 0,
  failedLastHour: 0,
  runtimeP50Ms: undefined,
  runtimeP95Ms: undefined,
};

/** The name of a queue as it was typed. @throws E_COMMAND_USAGE */
export function readQueue(command: string, name: string): string {
  if (QUEUE_NAME.test(name)) return name;
  throw CommandUsageError.because(command, `"${name}" is no queue: it has ${QUEUE_NAME_RULE}`);
}
