import type { Config } from '../config/load-config';
import type { Bindings, Resolver } from './container';

/** What a provider may read. */
export interface ProviderFacts {
  /** What the file of that name in config/ says. */
  config(name: string): unknown;
}

/**
 * Wires one part of an application. Listed in config/app.ts.
 *
 * `register` of all providers runs first and only binds; then `boot` of each in order; at the end `shutdown` in reverse order.
 *
 * @example
 * import { Provider, type Bindings } from 'trilite';
 *
 * class Greeter {
 *   constructor(readonly greeting: string) {}
 * }
 *
 * export class AppProvider extends Provider {
 *   override register({ shared }: Bindings) {
 *     shared(Greeter, () => new Greeter('Hello'));
 *   }
 * }
 */
export abstract class Provider {
  readonly #facts: ProviderFacts;

  constructor(facts: ProviderFacts) {
    this.#facts = facts;
  }

  /** Binds; asks for nothing yet. */
  register(_bindings: Bindings): void {}

  /** Runs once everything is bound. */
  boot(_resolver: Resolver): Promise<void> | void {}

  /** Runs when the application closes, while its files are still open. */
  shutdown(): Promise<void> | void {}

  /** What the file of that name in config/ says: checked settings of the framework's own files, the default export of others. */
  protected config<T = unknown>(name: string): T {
    return this.#facts.config(name) as T;
  }
}

/** The providers that config/app.ts lists, in its order. */
export function createProviders({ others, ...own }: Config): Provider[] {
  const facts: ProviderFacts = { config: (name) => ({ ...others, ...own })[name] };
  const types = own.app.providers as unknown as readonly (new (facts: ProviderFacts) => Provider)[];
  return types.map((Type) => new Type(facts));
}
