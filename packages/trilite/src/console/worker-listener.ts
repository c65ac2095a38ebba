import type { ChildProcess } from 'node:child_process';
import { delayMs } from '../support/clock';
import { onShutdown } from './shutdown';
import { SourceWatch } from './source-watch';
import { describeEnd, startWorker, type ProcessEnd } from './worker-process';

/*
 * Runs one worker after the other, each for one job.
 *
 *   started ──its job has ended──▶ started anew
 *      │ ──a file changes: told to stop──▶ started anew
 *      │ ──ends badly──▶ started anew at the next change, or after PAUSE_MS, and twice as long each time
 *      └──TERM, INT, QUIT or HUP here──▶ told to stop ──▶ ended
 */

const PAUSE_MS = 1000;

const LONGEST_PAUSE_MS = 30_000;

/** What holds code that a job may run. */
export const LISTENED_FOLDERS = ['app', 'config', 'routes', 'database'] as const;

/** How jobs are listened for. */
export interface WorkerListenerOptions {
  /** The command line of a worker behind `node`; it ends after one job. */
  readonly parameters: readonly string[];
  /** The folder of artisan.ts. */
  readonly codePath: string;
  readonly say: (text: string) => void;
}

/** Has each job run by a worker of its own, which has read the code anew. */
export class WorkerListener {
  readonly #options: WorkerListenerOptions;
  readonly #stopping = new AbortController();
  #changed = new AbortController();
  #child: ChildProcess | undefined;

  constructor(options: WorkerListenerOptions) {
    this.#options = options;
  }

  /** Goes on until it is told to stop. @returns the exit code */
  async run(): Promise<number> {
    const stopListening = onShutdown(
      () => this.#stop(),
      () => this.#child?.kill('SIGINT'),
    );
    const watch = new SourceWatch(this.#options.codePath, LISTENED_FOLDERS, (file) =>
      this.#reload(file),
    );
    try {
      return await this.#listen();
    } finally {
      watch.close();
      stopListening();
    }
  }

  async #listen(): Promise<number> {
    let pauseMs = PAUSE_MS;
    for (;;) {
      this.#changed = new AbortController();
      const end = await this.#runOne();
      if (this.#isStopping()) return isWell(end) ? 0 : 1;
      if (isWell(end)) {
        pauseMs = PAUSE_MS;
        continue;
      }
      this.#options.say(
        `The worker has ended ${describeEnd(end)}; the next one starts when a file changes, or in ${pauseMs / 1000} s.`,
      );
      const { signal } = this.#changed;
      await delayMs(pauseMs, AbortSignal.any([this.#stopping.signal, signal]));
      pauseMs = signal.aborted ? PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      if (this.#isStopping()) return 0;
    }
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #runOne(): Promise<ProcessEnd> {
    const { child, ended } = startWorker(this.#options.parameters);
    this.#child = child;
    const end = await ended;
    this.#child = undefined;
    return end;
  }

  #reload(file: string): void {
    this.#options.say(`${file} has changed.`);
    this.#changed.abort();
    this.#child?.kill('SIGTERM');
  }

  #stop(): void {
    this.#stopping.abort();
    this.#child?.kill('SIGTERM');
  }
}

/**
 * Whether a worker did what it was for. SIGTERM ends one that does not listen yet, SIGINT (a Ctrl-C beyond the second) one that does not listen any
 * more, and SIGKILL is what a job gets that blocks its process.
 */
function isWell({ code, signal }: ProcessEnd): boolean {
  return code === 0 || ['SIGTERM', 'SIGINT', 'SIGKILL'].includes(String(signal));
}
