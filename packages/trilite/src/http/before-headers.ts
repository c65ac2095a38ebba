import type { ServerResponse } from 'node:http';
import { forgetContent } from './content-headers';

/** What sends headers, or has them sent. */
const SENDERS = ['writeHead', 'write', 'end', 'flushHeaders'] as const;

type Send = (...values: unknown[]) => unknown;

/** What happens before the headers of a response leave. */
export interface BeforeHeaders {
  /** Undefined when nothing is to be waited for. */
  readonly work: () => Promise<void> | undefined;
  /** Answers in place of what was to be sent, when the work failed. */
  readonly onError: (error: unknown) => void;
}

/**
 * Holds a response back, at the first call that would send headers, until some work is done. Then what was asked for is sent in its order. Meanwhile
 * the headers count as sent, so that nobody answers a second time.
 */
export function beforeHeaders(response: ServerResponse, { work, onError }: BeforeHeaders): void {
  const waiting: (() => unknown)[] = [];
  let state: 'before' | 'working' | 'done' = 'before';

  const settle = (): void => {
    state = 'done';
    Reflect.deleteProperty(response, 'headersSent');
  };
  const release = (): void => {
    settle();
    const wasFull = waiting.map((send) => send() === false).at(-1);
    // Who was told to wait is told to go on; one whose buffer is full still, the response itself tells
    if (wasFull !== true && !response.writableEnded) response.emit('drain');
  };
  const fail = (error: unknown): void => {
    // What is waiting says already that something went wrong
    if (response.statusCode >= 500) return release();
    settle();
    waiting.length = 0;
    forgetContent(response);
    onError(error);
  };
  const begin = (): void => {
    const working = work();
    if (working === undefined) return settle();
    state = 'working';
    Object.defineProperty(response, 'headersSent', { configurable: true, get: () => true });
    working.then(release, fail).catch(onError);
  };

  const senders = response as unknown as Record<(typeof SENDERS)[number], Send>;
  for (const name of SENDERS) {
    const send = senders[name];
    senders[name] = (...values) => {
      if (state === 'before') begin();
      if (state === 'done') return send.apply(response, values);
      waiting.push(() => send.apply(response, values));
      return name === 'write' ? false : response;
    };
  }
}
