import type { Kysely } from 'kysely';

/**
 * Kysely as a base class, loaded when the first instance is made. A class that is injected a `Database` names it where it is declared: `artisan
 * list` reads every command of an application, and Kysely alone is 260 modules.
 */
export const LazyKysely = LazyBase as unknown as typeof Kysely;

function LazyBase(...parameters: unknown[]): object {
  const kysely = require('kysely') as typeof import('kysely');
  Object.setPrototypeOf(LazyBase.prototype as object, kysely.Kysely.prototype);
  return Reflect.construct(kysely.Kysely, parameters, new.target) as object;
}
