import { RouteInvalidError } from './errors';
import type {
  MiddlewareClass,
  MiddlewareEntry,
  MiddlewareFactory,
  MiddlewareFunction,
} from './middleware';
import { signed } from './signed';
import { throttle } from './throttle';

/** What every application can name. */
const BUILT_IN: Readonly<Record<string, MiddlewareFactory>> = {
  signed: () => signed,
  // As Laravel's hands write it: the span in minutes, or the name of a limiter
  throttle: (limit = '', minutes = '1') =>
    /^\d+$/.test(limit) ? throttle(Number(limit), `${Number(minutes)}m`) : throttle(limit),
};

/** What an entry of a route names: a group, or an alias with its words. */
export class MiddlewareNames {
  readonly #groups: Readonly<Record<string, readonly MiddlewareEntry[]>>;
  readonly #aliases: Readonly<Record<string, MiddlewareFactory>>;
  /** One class for each spelling: the container checks it once. */
  readonly #made = new Map<string, MiddlewareClass | MiddlewareFunction>();

  constructor(
    groups: Readonly<Record<string, readonly MiddlewareEntry[]>>,
    aliases: Readonly<Record<string, MiddlewareFactory>> = {},
  ) {
    this.#groups = groups;
    this.#aliases = { ...BUILT_IN, ...aliases };
  }

  /**
   * What a request passes, each once, where it comes first: a route of routes/web.ts may ask for the group `web` again.
   *
   * @throws E_ROUTE_INVALID for a name that nobody declares, and a group in itself
   */
  expand(
    entries: readonly MiddlewareEntry[],
    path: string,
  ): (MiddlewareClass | MiddlewareFunction)[] {
    return [...new Set(this.#all(entries, path, []))];
  }

  #all(
    entries: readonly MiddlewareEntry[],
    path: string,
    within: readonly string[],
  ): (MiddlewareClass | MiddlewareFunction)[] {
    return entries.flatMap((entry) => {
      if (typeof entry !== 'string') return [entry];
      const group = Object.hasOwn(this.#groups, entry) ? this.#groups[entry] : undefined;
      if (group === undefined) return [this.#named(entry, path)];
      if (within.includes(entry)) throw RouteInvalidError.groupInItself(entry);
      return this.#all(group, path, [...within, entry]);
    });
  }

  #named(entry: string, path: string): MiddlewareClass | MiddlewareFunction {
    const known = this.#made.get(entry);
    if (known !== undefined) return known;
    const [name = '', ...rest] = entry.split(':');
    const factory = Object.hasOwn(this.#aliases, name) ? this.#aliases[name] : undefined;
    if (factory === undefined) {
      const names = [...Object.keys(this.#groups), ...Object.keys(this.#aliases)];
      throw RouteInvalidError.noMiddleware(entry, path, names);
    }
    const words = rest.length === 0 ? [] : rest.join(':').split(',');
    const middleware = factory(...words.map((word) => word.trim()));
    this.#made.set(entry, middleware);
    return middleware;
  }
}
