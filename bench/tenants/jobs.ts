import type { Job } from 'trilite';
import { monotonicMs } from '../lib/time';

/** What is dispatched: for whom, and when, by the monotonic clock of this process. */
interface Asked {
  readonly id: string;
  readonly askedAt: number;
}

/** A job that has begun, and how long after it was asked for. */
interface Begun {
  readonly id: string;
  readonly lateMs: number;
}

/** What ran in this process. */
class Log {
  begun: Begun[] = [];
  #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];

  clear(): void {
    this.begun = [];
  }

  add(begun: Begun): void {
    this.begun.push(begun);
    this.#waiting = this.#waiting.filter(({ isMet, resolve }) => {
      if (!isMet()) return true;
      resolve();
      return false;
    });
  }

  /** Waits until a job has begun. */
  first(): Promise<void> {
    return this.#until(() => this.begun.length > 0);
  }

  /** Waits until so many jobs have begun of others than one. */
  of(count: number, but: string): Promise<void> {
    return this.#until(() => this.begun.filter(({ id }) => id !== but).length >= count);
  }

  #until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isMet, resolve }));
  }
}

export const BeginLog = new Log();

/** Notes when it began. */
export class NoteBegin implements Job<Asked> {
  handle({ id, askedAt }: Asked): void {
    BeginLog.add({ id, lateMs: monotonicMs() - askedAt });
  }
}
