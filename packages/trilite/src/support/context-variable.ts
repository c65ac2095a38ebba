import { AsyncLocalStorage } from 'node:async_hooks';

/** What the variables hold in the current work, by their numbers. Never changed in place. */
const values = new AsyncLocalStorage<readonly unknown[]>();

let made = 0;

/**
 * A value that follows the current work through everything it awaits. For the top level of a module: it stays for the life of the process.
 *
 * All of them share one AsyncLocalStorage: up to Node 22 each one that was ever used costs every promise of the process.
 */
export class ContextVariable<T> {
  readonly #number = made++;

  /** The value in the current work; undefined where none was given. */
  get(): T | undefined {
    return values.getStore()?.[this.#number] as T | undefined;
  }

  /** Runs work, and all it causes, with a value; undefined is none. */
  run<Result>(value: T | undefined, work: () => Result): Result {
    const own = [...(values.getStore() ?? [])];
    own[this.#number] = value;
    return values.run(own, work);
  }
}
