import type { ChildProcess } from 'node:child_process';
import { delayMs, MAX_TIMER_MS, monotonicMs } from '../support/clock';
import { onShutdown } from './shutdown';
import { describeEnd, startWorker, type ProcessEnd } from './worker-process';

/*
 * Keeps so many workers running.
 *
 *   started ──ends──▶ started anew, at once; once a pause is over; after PAUSE_MS, and twice as long each time, when it ended badly and soon
 *      └──TERM, INT, QUIT or HUP here──▶ told to stop ──all have ended──▶ ended
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
  /** What `--metrics` is for the worker with this number, from 1. */
  readonly metricsOf?: (number: number) => string;
  readonly say: (text: string) => void;
}

/** Starts workers in processes of their own, and starts anew those that end. */
export class WorkerSupervisor {
  readonly #count: number;
  readonly #options: WorkerSupervisorOptions;
  readonly #children = new Set<ChildProcess>();
  readonly #stopping = new AbortController();
  /** While paused; aborted by the end of the pause. */
  #heldUp: AbortController | undefined;

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
    const pause = (): void => this.#pause();
    const resume = (): void => this.#resume();
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
      const end = await this.#start(index);
      // One that was still starting did not listen yet, and holds nothing
      if (this.#isStopping()) return end.signal === 'SIGTERM' ? 0 : (end.code ?? 1);
      if (this.#options.endsByItself && end.code === 0) return 0;
      // One that has run its --max-jobs is not broken, however soon that was
      const isBroken = end.code !== 0 && monotonicMs() - startedAt < SHORT_MS;
      const when = isBroken ? `anew in ${pauseMs / 1000} s` : 'anew';
      this.#options.say(`Worker ${index} has ended ${describeEnd(end)}; it is started ${when}.`);
      if (isBroken) await delayMs(pauseMs, this.#stopping.signal);
      await this.#whileHeldUp();
      if (this.#isStopping()) return 0;
      pauseMs = isBroken ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : PAUSE_MS;
    }
  }

  /** A worker that was started anew meanwhile would know of no pause. */
  async #whileHeldUp(): Promise<void> {
    while (this.#heldUp !== undefined && !this.#isStopping()) {
      await delayMs(MAX_TIMER_MS, AbortSignal.any([this.#heldUp.signal, this.#stopping.signal]));
    }
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #start(index: number): Promise<ProcessEnd> {
    const { child, ended } = startWorker(this.#parameters(index));
    this.#children.add(child);
    const end = await ended;
    this.#children.delete(child);
    return end;
  }

  /** The own command line, for one worker: with a name, and the colour of this terminal. */
  #parameters(index: number): string[] {
    const given = process.argv.slice(1);
    const own = given.filter(
      (one, at) =>
        !/^--(workers|metrics)(=|$)/.test(one) &&
        !/^--(workers|metrics)$/.test(given[at - 1] ?? '') &&
        // One scheduler is enough
        (one !== '--schedule' || index === 1),
    );
    const name = own.some((one) => /^--name(=|$)/.test(one)) ? [] : [`--name=${index}`];
    const metrics = this.#options.metricsOf?.(index);
    const where = metrics === undefined ? [] : [`--metrics=${metrics}`];
    return [...own, ...name, ...where, this.#options.isColored ? '--ansi' : '--no-ansi'];
  }

  #pause(): void {
    this.#heldUp ??= new AbortController();
    this.#signal('SIGUSR2');
  }

  #resume(): void {
    this.#heldUp?.abort();
    this.#heldUp = undefined;
    this.#signal('SIGCONT');
  }

  #stop(signal: NodeJS.Signals): void {
    this.#stopping.abort();
    this.#signal(signal);
  }

  #signal(signal: NodeJS.Signals): void {
    for (const child of this.#children) child.kill(signal);
  }
}
