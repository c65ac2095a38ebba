import { rejectionOf } from '../../support/abort';
import { CommandStoppedError } from '../errors';
import { onShutdown } from '../shutdown';

/**
 * Tells a command that it is to stop.
 *
 * Nothing is listened to before `signal` is first asked for: a command that does not look at it ends as any process, at once. From then on the
 * first SIGINT, SIGTERM, SIGHUP or SIGQUIT aborts it, and a later Ctrl-C ends the process.
 */
export class StopSignal {
  readonly #outer: AbortSignal | undefined;
  #controller: AbortController | undefined;
  #stopListening: () => void = () => undefined;

  /** @param outer who says so instead of the process's signals, in an application that is not the console's own */
  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
  }

  get signal(): AbortSignal {
    return this.#outer ?? this.#listening().signal;
  }

  /** Why it is to stop; undefined while it is not. */
  get reason(): unknown {
    return (this.#outer ?? this.#controller?.signal)?.reason as unknown;
  }

  /** What is waited for, or an end to the wait: whoever is to stop may wait for an answer that never comes. */
  orStop<T>(answer: Promise<T>): Promise<T> {
    const signal = this.#outer ?? this.#controller?.signal;
    return signal === undefined ? answer : Promise.race([answer, rejectionOf(signal)]);
  }

  /** Listens no more. Twice without harm. */
  release(): void {
    this.#stopListening();
  }

  #listening(): AbortController {
    if (this.#controller !== undefined) return this.#controller;
    const controller = new AbortController();
    this.#controller = controller;
    let exitCode = 0;
    this.#stopListening = onShutdown(
      (signal) => {
        const stopped = CommandStoppedError.by(signal);
        exitCode = stopped.exitCode;
        controller.abort(stopped);
      },
      () => process.exit(exitCode),
    );
    return controller;
  }
}
