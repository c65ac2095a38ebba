import { toError } from './errors';

/** Tells who wants to know what happened. */
export class Listeners<Event> {
  readonly #subject: string;
  readonly #listeners = new Set<(event: Event) => void>();

  /** @param subject what is listened to, for messages: "queries" */
  constructor(subject: string) {
    this.#subject = subject;
  }

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /**
   * Adds a listener. What it throws becomes a process warning: what it hears of has happened.
   *
   * @returns what takes it away again
   */
  listen(listener: (event: Event) => void): () => void {
    const own = (event: Event): void => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  emit(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        const { stack } = toError(error);
        process.emitWarning(`A listener of ${this.#subject} failed.`, {
          type: 'TriliteWarning',
          detail: stack ?? String(error),
        });
      }
    }
  }
}
