import 'reflect-metadata';
import { container as globalContainer, type InjectionToken } from 'tsyringe';
import { UnresolvableError } from './errors';
import { tokenName, type InjectableClass, type Token } from './token';

/** What TypeScript emits for a parameter whose type is no class: an interface, a type-only import, a primitive. */
const NO_CLASSES = new Set<unknown>([
  Object,
  Function,
  String,
  Number,
  Boolean,
  Array,
  Promise,
  Symbol,
  BigInt,
]);

/** Who knows what is bound. */
export interface Bound {
  has(token: Token<unknown>): boolean;
}

/**
 * Refuses classes that the container could not make, before the first request finds out.
 *
 * Walks constructor parameters by their metadata; what a factory makes is its provider's business.
 *
 * @throws E_CONTAINER_UNRESOLVABLE with the dependency path and what to do
 */
export function refuseUnresolvable(classes: readonly InjectableClass[], scope: Bound): void {
  const known = new Set<unknown>();
  for (const type of classes) visit(type, [], scope, known);
}

/**
 * Refuses what is bound for the whole application and needs what belongs to a tenant, as far as constructors tell: kept from the first tenant's
 * work, it would be used in that of all others. What a factory asks for beyond that is refused when it asks.
 *
 * @throws E_CONTAINER_UNRESOLVABLE with the dependency path and what to do
 */
export function refuseCaptives(
  shared: readonly Token<unknown>[],
  isPerTenant: (token: Token<unknown>) => boolean,
): void {
  const known = new Set<unknown>(shared);
  const visitFor = (token: unknown, above: readonly string[]): void => {
    if (!isToken(token)) return;
    const path = [...above, tokenName(token)];
    if (isPerTenant(token)) throw UnresolvableError.captive(path);
    if (typeof token !== 'function' || (known.has(token) && above.length > 0)) return;
    known.add(token);
    for (const parameter of declaredParameters(token) ?? []) visitFor(parameter, path);
  };
  for (const token of shared) visitFor(token, []);
}

function visit(
  type: InjectableClass,
  above: readonly string[],
  scope: Bound,
  known: Set<unknown>,
): void {
  if (known.has(type)) return;
  const path = [...above, tokenName(type)];
  refuseLifetime(type, path);
  const parameters = parametersOf(type, path);
  if (above.includes(tokenName(type))) {
    throw UnresolvableError.at(
      path,
      'it needs itself',
      'Let one of them ask for what it needs when it needs it, or move the shared part into a third class.',
    );
  }
  parameters.forEach((token, index) => visitParameter(token, index, path, scope, known));
  known.add(type);
}

function visitParameter(
  token: unknown,
  index: number,
  path: readonly string[],
  scope: Bound,
  known: Set<unknown>,
): void {
  if (isToken(token) && scope.has(token)) return;
  const position = `parameter ${index + 1} of its constructor`;
  if (typeof token === 'string' || typeof token === 'symbol') {
    throw UnresolvableError.at(
      [...path, String(token)],
      'nothing is bound to that name',
      'Declare that store or connection in config/, or bind the name in a provider.',
    );
  }
  if (token === undefined) {
    throw UnresolvableError.at(
      path,
      `the type of ${position} was not yet there when the class was defined: two files import each other`,
      'Break the circle of imports, or use "@inject(token)".',
    );
  }
  if (NO_CLASSES.has(token) || typeof token !== 'function') {
    throw UnresolvableError.at(
      path,
      `the type of ${position} is no class at run time`,
      'Import the class by value ("import { X }", not "import type"), or give the parameter "@inject(token)".',
    );
  }
  visit(token as InjectableClass, path, scope, known);
}

function parametersOf(type: InjectableClass, path: readonly string[]): unknown[] {
  const parameters = declaredParameters(type);
  if (parameters !== undefined) return parameters;
  if (type.length === 0) return [];
  throw UnresolvableError.at(
    path,
    'its constructor has parameters, but nothing tells the container their types',
    'Put "@injectable()" above the class, or bind it in a provider with "shared" or "perTenant".',
  );
}

/** What a constructor asks for; undefined where nothing tells. */
function declaredParameters(type: InjectableClass): unknown[] | undefined {
  const types = Reflect.getMetadata('design:paramtypes', type) as unknown[] | undefined;
  if (types === undefined) return undefined;
  const tokens = (Reflect.getOwnMetadata('injectionTokens', type) ?? {}) as Record<string, unknown>;
  return types.map((declared, index) =>
    String(index) in tokens ? tokenOf(tokens[String(index)]) : declared,
  );
}

function tokenOf(descriptor: unknown): unknown {
  return typeof descriptor === 'object' && descriptor !== null && 'token' in descriptor
    ? descriptor.token
    : descriptor;
}

/** A `@singleton` first made for one tenant would hand that tenant's connection to the next. */
function refuseLifetime(type: InjectableClass, path: readonly string[]): void {
  if (!globalContainer.isRegistered(type as InjectionToken<object>)) return;
  throw UnresolvableError.at(
    path,
    'a decorator of tsyringe other than "@injectable()" gives it a lifetime',
    'Use "@injectable()", and bind the class with "shared" or "perTenant" in a provider.',
  );
}

function isToken(token: unknown): token is string | symbol | InjectableClass {
  return (
    typeof token === 'string' ||
    typeof token === 'symbol' ||
    (typeof token === 'function' && !NO_CLASSES.has(token))
  );
}
