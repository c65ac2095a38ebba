import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { childEnvironment } from '../config/env';
import { within } from '../support/clock';

/** A program to run: its parameters are words, or the whole is a line for the shell. */
export interface ChildProgram {
  readonly command: string;
  /** Undefined for a line for the shell. */
  readonly parameters?: readonly string[];
  readonly cwd: string;
  /** Variables beside those of this process. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
}

/** How long a child has after SIGTERM, before it is killed. */
const TERM_MS = 5000;

/** How long output may be under way after the end: what a child left running in the background may hold the pipe open. */
const FLUSH_MS = 1000;

/**
 * Runs a program in a process group of its own, so that a Ctrl-C of the terminal reaches it through us alone. When the signal aborts, the
 * group is asked to end, and killed after five seconds. @returns its exit code; 128 and more when a signal ended it
 */
export async function runChild(
  { command, parameters, cwd, variables }: ChildProgram,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const child: ChildProcess = spawn(command, parameters ?? [], {
    cwd,
    detached: true,
    env: childEnvironment(variables),
    shell: parameters === undefined,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout?.setEncoding('utf8').on('data', print);
  child.stderr?.setEncoding('utf8').on('data', print);
  const flushed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let killer: NodeJS.Timeout | undefined;
  const end = (): void => {
    sendToGroup(child.pid, 'SIGTERM');
    killer = setTimeout(() => sendToGroup(child.pid, 'SIGKILL'), TERM_MS);
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    await within(FLUSH_MS, flushed);
    return code ?? 128;
  } finally {
    clearTimeout(killer);
    signal.removeEventListener('abort', end);
    if (signal.aborted) sendToGroup(child.pid, 'SIGKILL'); // what it started, and left
  }
}

function sendToGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // it has ended
  }
}
