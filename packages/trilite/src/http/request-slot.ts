import type { IncomingMessage } from 'node:http';

/**
 * What is kept with a request for one purpose, by a property that nobody else can name. Not by a WeakMap: each entry of one is gone over again
 * at every collection of garbage while a request is on its way.
 */
export class RequestSlot<T> {
  readonly #name = Symbol('slot');

  get(request: IncomingMessage): T | undefined {
    return (request as unknown as Readonly<Record<symbol, T | undefined>>)[this.#name];
  }

  set(request: IncomingMessage, value: T): void {
    (request as unknown as Record<symbol, T>)[this.#name] = value;
  }
}
