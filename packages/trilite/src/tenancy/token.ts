/** A class, as the container sees it. */
export type InjectableClass<T = object> = abstract new (...dependencies: never[]) => T;

/** What the container makes things by: a class, or a name. */
export type Token<T> = string | symbol | InjectableClass<T>;

/** A token as a person calls it. */
export function tokenName(token: unknown): string {
  if (typeof token === 'function') return token.name === '' ? 'an unnamed class' : token.name;
  return String(token);
}
