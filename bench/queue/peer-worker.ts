import { Child } from '../lib/child';
import type { QueueWorker } from './queue-side';
import { TaskLog, type Task, type TaskReport } from './task';
import { usage } from './usage';

/** Starts a worker of a peer by an exported function of a file, in a process of its own. */
export async function startPeerWorker<A>(
  file: string,
  start: (argument: A) => Promise<void>,
  argument: A,
): Promise<QueueWorker> {
  const starter = new Child(file);
  try {
    await starter.run(start, argument);
  } catch (error) {
    await starter.stop();
    throw error;
  }
  return {
    report: () => starter.run(nextReport, undefined),
    usage: () => starter.run(usage, undefined),
    async stop() {
      await starter.run(stopWorker, undefined);
      await starter.stop();
    },
  };
}

// From here on: in the worker's process. Files whose functions start one export these again.

const log = new TaskLog();
const reports: TaskReport[] = [];
let onReport = (): void => undefined;
let stop = async (): Promise<void> => undefined;

export { usage };

/** Does a task. */
export function handle(task: Task): void {
  const report = log.handle(task);
  if (report === undefined) return;
  reports.push(report);
  onReport();
}

/** Says how the worker stops. */
export function stopBy(how: () => Promise<void>): void {
  stop = how;
}

/** Waits for a report: it may be there before anybody asks. */
export async function nextReport(): Promise<TaskReport> {
  for (;;) {
    const report = reports.shift();
    if (report !== undefined) return report;
    await new Promise<void>((resolve) => {
      onReport = resolve;
    });
  }
}

export async function stopWorker(): Promise<void> {
  await stop();
}

/** A worker of no queue at all. */
export async function doNothing(): Promise<void> {
  await stop();
}
