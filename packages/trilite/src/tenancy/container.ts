import 'reflect-metadata';
import {
  container as globalContainer,
  instanceCachingFactory,
  type DependencyContainer,
  type InjectionToken,
} from 'tsyringe';
import { rejoinScope, runInScope, type ScopeIdentity } from '../support/scope-holder';
import { ContainerFrozenError, UnresolvableError } from './errors';
import { refuseCaptives } from './resolution-check';
import { tokenName, type Token } from './token';

/** Makes what a token stands for. */
export interface Resolver {
  /** @throws E_CONTAINER_UNRESOLVABLE */
  make<T>(token: Token<T>): T;
}

/** How a provider binds: a token to a factory, made at first use and kept. */
export interface Bindings {
  /** One for the application. Its factory cannot reach what belongs to a tenant: database, cache, queue. */
  readonly shared: <T>(token: Token<T>, factory: (resolver: Resolver) => T) => void;
  /** One for each tenant's scope; without tenants, one for the application. */
  readonly perTenant: <T>(token: Token<T>, factory: (scope: Scope) => T) => void;
}

/** What the current work is made with: the container of one tenant, or of the application itself. */
export class Scope implements Resolver {
  readonly identity: ScopeIdentity;
  readonly #container: DependencyContainer;

  constructor(identity: ScopeIdentity, container: DependencyContainer) {
    this.identity = identity;
    this.#container = container;
  }

  make<T>(token: Token<T>): T {
    return resolve(this.#container, token);
  }

  /** Whether a token is bound here or in the root. */
  has(token: Token<unknown>): boolean {
    return this.#container.isRegistered(injectionToken(token), true);
  }

  /** Runs work for this scope's identity. */
  run<T>(work: () => T): T {
    return runInScope(this.identity, work);
  }

  /** Runs work for this scope's identity, and gives it what enters that same work again, whoever calls it. */
  runRejoinable<T>(work: (rejoin: <R>(more: () => R) => R) => T): T {
    return runInScope(this.identity, () => work(rejoinScope()));
  }
}

type Register = (container: DependencyContainer, scope: Scope) => void;

/**
 * The root container, frozen after boot, and the scopes below it.
 *
 * Two levels and no third: what is shared is made by the root, which knows no tenant's service, so that nothing shared can hold one.
 */
export class Container implements Bindings {
  readonly #root = globalContainer.createChildContainer();
  readonly #resolver: Resolver = { make: (token) => this.#makeShared(token) };
  readonly #shared = new Set<Token<unknown>>();
  readonly #perTenant = new Map<Token<unknown>, Register>();
  #isFrozen = false;

  // Functions, not methods: providers take them apart, `register({ shared, perTenant })`.
  readonly shared = <T>(token: Token<T>, factory: (resolver: Resolver) => T): void => {
    this.#refuseFrozen(token);
    this.#shared.add(token);
    this.#root.register(injectionToken(token), {
      useFactory: instanceCachingFactory(() => factory(this.#resolver)),
    });
  };

  readonly perTenant = <T>(token: Token<T>, factory: (scope: Scope) => T): void => {
    this.#refuseFrozen(token);
    this.#perTenant.set(token, (container, scope) => {
      container.register(injectionToken(token), {
        useFactory: instanceCachingFactory(() => factory(scope)),
      });
    });
  };

  /** Ends binding. @throws E_CONTAINER_UNRESOLVABLE when something shared needs what belongs to a tenant */
  freeze(): void {
    this.#isFrozen = true;
    refuseCaptives([...this.#shared], (token) => this.#perTenant.has(token));
  }

  /** A new scope with its own instances of everything bound per tenant. */
  open(identity: ScopeIdentity): Scope {
    const container = this.#root.createChildContainer();
    const scope = new Scope(identity, container);
    for (const register of this.#perTenant.values()) register(container, scope);
    return scope;
  }

  #makeShared<T>(token: Token<T>): T {
    if (this.#perTenant.has(token)) throw UnresolvableError.ofTenant(tokenName(token));
    return resolve(this.#root, token);
  }

  #refuseFrozen(token: Token<unknown>): void {
    if (this.#isFrozen) throw ContainerFrozenError.binding(tokenName(token));
  }
}

/** tsyringe's type of a constructor takes `any`, ours `never`: the same at run time, and ours takes every class. */
function injectionToken<T>(token: Token<T>): InjectionToken<T> {
  return token as InjectionToken<T>;
}

function resolve<T>(container: DependencyContainer, token: Token<T>): T {
  try {
    return container.resolve(injectionToken(token));
  } catch (error) {
    if (isOurs(error)) throw error;
    throw UnresolvableError.token(tokenName(token), error);
  }
}

/** An error that a constructor or factory threw on purpose says more than a wrapper around it. */
function isOurs(error: unknown): boolean {
  return (
    !(error instanceof Error) ||
    !/(Attempted to resolve unregistered dependency token|Cannot inject the dependency|TypeInfo not known)/.test(
      error.message,
    )
  );
}
