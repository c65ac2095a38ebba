import { within } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';
import type { QueueStore } from './queue-store';

/** How an end is waited for. */
export interface WaitOptions {
  /** For how long. Default: until it has ended. */
  readonly timeout?: Duration;
}

/** An answer; wrapped, for it may be undefined itself. */
export interface Answer<T> {
  readonly value: T;
}

/**
 * Looks at each change of a queue until there is an answer.
 *
 * @returns the answer, or undefined after the timeout
 * @throws what `look` throws
 */
export async function watchedAnswer<T>(
  store: QueueStore,
  look: () => Promise<Answer<T> | undefined>,
  { timeout }: WaitOptions,
): Promise<Answer<T> | undefined> {
  let stop = (): void => undefined;
  const answered = new Promise<T>((resolve, reject) => {
    const ask = (): void => {
      look().then((answer) => {
        if (answer !== undefined) resolve(answer.value);
      }, reject);
    };
    const watch = store.watch(ask);
    stop = () => watch.close();
    ask();
  });
  try {
    if (timeout === undefined) return { value: await answered };
    return await within(toMilliseconds(timeout), answered);
  } finally {
    stop();
  }
}
