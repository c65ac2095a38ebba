import { spawn, type ChildProcess } from 'node:child_process';
import { delayMs } from '../support/clock';

/** A program to run beside others. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly parameters: readonly string[];
}

/** How often a stop looks whether everything has ended. */
const LOOK_MS = 50;

/** How long what watches over others is waited for: longer than nodemon waits itself. */
const LEADER_MS = 10_500;

/** Programs side by side, each in a process group of its own, so that a Ctrl-C of the terminal reaches them once, through us. */
export class ProcessGroup {
  readonly #children: ChildProcess[] = [];
  readonly #print: (name: string, line: string) => void;

  constructor(print: (name: string, line: string) => void) {
    this.#print = print;
  }

  /** Starts a program; its lines are printed under its name. Resolves with its exit code when it ends by itself. */
  start({ name, command, parameters }: Program, cwd: string): Promise<number> {
    const child = spawn(command, parameters, {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.#print(name, line);
      });
    }
    return new Promise((resolve) => {
      child.once('error', (error) => {
        this.#print(name, error.message);
        resolve(1);
      });
      child.once('exit', (code) => resolve(code ?? 1));
    });
  }

  /**
   * Asks every program to stop, then what it started, and waits until all have ended; after the deadline they are killed. Not all at once: what
   * watches over another program would start it anew if that one ended first.
   */
  async stop(deadlineMs: number): Promise<void> {
    for (const child of this.#children) child.kill('SIGTERM');
    await until(() => this.#children.every(hasEnded), LEADER_MS);
    this.signal('SIGTERM');
    await until(() => !this.#isAlive(), deadlineMs);
    this.signal('SIGKILL');
  }

  /** Sends a signal to every program and what it started. */
  signal(signal: NodeJS.Signals): void {
    for (const { pid } of this.#children) send(pid, signal);
  }

  #isAlive(): boolean {
    return this.#children.some(({ pid }) => send(pid, 0));
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function until(isDone: () => boolean, deadlineMs: number): Promise<void> {
  for (let waited = 0; waited < deadlineMs && !isDone(); waited += LOOK_MS) {
    await delayMs(LOOK_MS);
  }
}

/** Signals a process group; false when nobody is left in it. */
function send(pid: number | undefined, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
