import { spawn, type ChildProcess } from 'node:child_process';
import { delayMs, monotonicMs } from '../support/clock';
import { onShutdown } from './shutdown';

/*
 * Keeps so many workers running.
 *
 *   started ──ends──▶ started anew, at once; after PAUSE_MS, and twice as long each time, when it lived for less than SHORT_MS
 *      └──TERM, INT, QUIT or HUP here──▶ told to stop ──all have ended──▶ ended
 *
 * Each worker is in a process group of its own: a Ctrl-C of the terminal reaches it once, through here. It holds a channel to here, and stops
 * by itself when that closes: no worker outlives its supervisor unseen.
 */

/** A worker that lives for less is broken, and is started anew after a pause. */
const SHORT_MS = 5000;

const PAUSE_MS = 1000;

const LONGEST_PAUSE_MS = 30_000;

/** How workers are kept. */
export interface WorkerSupervisorOptions {
  /** Whether a worker that ends well has done what it was for: `--once`, `--stop-when-empty`. */
  readonly endsByItself: boolean;
  readonly isColored: boolean;
  readonly say: (text: string) => void;
}

/** Starts workers in processes of their own, and starts anew those that end. */
export class WorkerSupervisor {
  readonly #count: number;
  readonly #options: WorkerSupervisorOptions;
  readonly #children = new Set<ChildProcess>();
  readonly #stopping = new AbortController();

  constructor(count: number, options: WorkerSupervisorOptions) {
    this.#count = count;
    this.#options = options;
  }

  /** Goes on until it is told to stop, or every worker has ended by itself. @returns the exit code */
  async run(): Promise<number> {
    const stopListening = onShutdown(
      () => this.#stop('SIGTERM'),
      () => this.#signal('SIGINT'),
    );
    const pause = (): void => this.#signal('SIGUSR2');
    const resume = (): void => this.#signal('SIGCONT');
    process.on('SIGUSR2', pause).on('SIGCONT', resume);
    this.#options.say(`Supervising ${this.#count} worker${this.#count > 1 ? 's' : ''}.`);
    try {
      const codes = await Promise.all(
        Array.from({ length: this.#count }, (_, index) => this.#keep(index + 1)),
      );
      return Math.max(0, ...codes);
    } finally {
      stopListening();
      process.off('SIGUSR2', pause).off('SIGCONT', resume);
    }
  }

  /** Keeps one worker running. @returns the code of its end */
  async #keep(index: number): Promise<number> {
    let pauseMs = PAUSE_MS;
    for (;;) {
      const startedAt = monotonicMs();
      const { code, signal } = await this.#start(index);
      if (this.#isStopping()) return code ?? 1;
      if (this.#options.endsByItself && code === 0) return 0;
      const how = signal === null ? `with code ${String(code)}` : `by ${signal}`;
      this.#options.say(`Worker ${index} has ended ${how}; it is started anew.`);
      const isShort = monotonicMs() - startedAt < SHORT_MS;
      if (isShort) await delayMs(pauseMs, this.#stopping.signal);
      if (this.#isStopping()) return 0;
      pauseMs = isShort ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : PAUSE_MS;
    }
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  #start(index: number): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const child = spawn(process.execPath, [...process.execArgv, ...this.#parameters(index)], {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#children.add(child);
    return new Promise((resolve) => {
      child.once('error', () => resolve({ code: 1, signal: null }));
      child.once('exit', (code, signal) => {
        this.#children.delete(child);
        resolve({ code, signal });
      });
    });
  }

  /** The own command line, for one worker: with a name, and the colour of this terminal. */
  #parameters(index: number): string[] {
    const given = process.argv.slice(1);
    const own = given.filter(
      (one, at) =>
        !/^--workers(=|$)/.test(one) &&
        given[at - 1] !== '--workers' &&
        // One scheduler is enough
        (one !== '--schedule' || index === 1),
    );
    const name = own.some((one) => /^--name(=|$)/.test(one)) ? [] : [`--name=${index}`];
    return [...own, ...name, this.#options.isColored ? '--ansi' : '--no-ansi'];
  }

  #stop(signal: NodeJS.Signals): void {
    this.#stopping.abort();
    this.#signal(signal);
  }

  #signal(signal: NodeJS.Signals): void {
    for (const child of this.#children) child.kill(signal);
  }
}
