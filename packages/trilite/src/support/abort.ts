import { toError } from './errors';

/** Rejects with a signal's reason once that is aborted; else it never settles. */
export function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const refuse = (): void => reject(toError(signal.reason));
    if (signal.aborted) refuse();
    else signal.addEventListener('abort', refuse, { once: true });
  });
}
