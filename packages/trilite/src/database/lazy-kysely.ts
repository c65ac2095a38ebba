import type { Kysely, Sql } from 'kysely';

/**
 * Kysely as a base class, loaded when the first instance is made. A class that is injected a `Database` names it where it is declared: `artisan
 * list` reads every command of an application, and Kysely alone is 260 modules.
 */
export const LazyKysely = LazyBase as unknown as typeof Kysely;

function LazyBase(...parameters: unknown[]): object {
  const { Kysely } = loaded();
  Object.setPrototypeOf(LazyBase.prototype as object, Kysely.prototype);
  return Reflect.construct(Kysely, parameters, new.target) as object;
}

/**
 * Kysely's `sql`, loaded at first use. What the framework's migrations are is known wherever an application boots, and what they do in few places.
 */
export const sql = new Proxy((() => undefined) as unknown as Sql, {
  apply: (_, __, parameters: Parameters<Sql>) => loaded().sql(...parameters),
  get: (_, name) => Reflect.get(loaded().sql, name) as unknown,
});

function loaded(): typeof import('kysely') {
  return require('kysely') as typeof import('kysely');
}
