import type { IncomingMessage } from 'node:http';

/** One property holds them all: each of its own would change the shape of every request once more. */
const KEPT = Symbol('kept by trilite');

let count = 0;

/**
 * What is kept with a request for one purpose. Not by a WeakMap: each entry of one is gone over again at every collection of garbage while a
 * request is on its way.
 */
export class RequestSlot<T> {
  readonly #index = (count += 1) - 1;

  get(request: IncomingMessage): T | undefined {
    return (request as Keeping)[KEPT]?.[this.#index] as T | undefined;
  }

  set(request: IncomingMessage, value: T): void {
    ((request as Keeping)[KEPT] ??= [])[this.#index] = value;
  }
}

interface Keeping extends IncomingMessage {
  [KEPT]?: unknown[] | undefined;
}
