import { toError } from './errors';

/** Who hears of everything for as long as it wants to. */
export interface Hearer<Event> {
  readonly isHeard: boolean;
  emit(event: Event): void;
}

/** Tells who wants to know what happened. */
export class Listeners<Event> {
  readonly #subject: string;
  readonly #listeners = new Set<(event: Event) => void>();
  #onward: Hearer<Event> | undefined;

  /** @param subject what is listened to, for messages: "queries" */
  constructor(subject: string) {
    this.#subject = subject;
  }

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0 || this.#onward?.isHeard === true;
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

  /** Has somebody hear of everything after the listeners do, while they want to; the first one stays. */
  passOn(to: Hearer<Event>): void {
    this.#onward ??= to;
  }

  emit(event: Event): void {
    for (const listener of this.#listeners) this.#call(() => listener(event));
    const onward = this.#onward;
    if (onward?.isHeard === true) this.#call(() => onward.emit(event));
  }

  #call(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      const { stack } = toError(error);
      process.emitWarning(`A listener of ${this.#subject} failed.`, {
        type: 'TriliteWarning',
        detail: stack ?? String(error),
      });
    }
  }
}
