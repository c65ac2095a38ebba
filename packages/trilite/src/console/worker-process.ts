import { spawn, type ChildProcess } from 'node:child_process';

/** How a process ended: with a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A worker in a process of its own. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  /** Never rejects: one that cannot be started has ended with code 1. */
  readonly ended: Promise<ProcessEnd>;
}

/**
 * Starts a worker in a process group of its own: a Ctrl-C of the terminal reaches it once, through here. It holds a channel to here, and stops
 * by itself when that closes: no worker outlives who started it.
 *
 * @param parameters the command line behind `node`
 */
export function startWorker(parameters: readonly string[]): WorkerProcess {
  const child = spawn(process.execPath, [...process.execArgv, ...parameters], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('error', () => resolve({ code: 1, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  return { child, ended };
}

/** How a worker ended, for messages: `with code 1`, `by SIGKILL`. */
export function describeEnd({ code, signal }: ProcessEnd): string {
  return signal === null ? `with code ${String(code)}` : `by ${signal}`;
}
