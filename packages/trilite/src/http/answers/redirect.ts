import { RouteInvalidError } from '../errors';
import { isLocalPath } from '../local-path';
import { previousPath } from '../redirect-back';
import type { Request, Response } from '../request';
import { workOf } from '../request-work';
import type { RouteName, UrlArguments } from '../urls/routes';
import { UrlGenerator } from '../urls/url-generator';
import { AnswerInvalidError, RedirectRefusedError } from './errors';
import { Responder } from './responder';

/** The statuses of redirects. */
export type RedirectStatus = 301 | 302 | 303 | 307 | 308;

/** What a redirect takes along for the next page: called before it is sent. */
type Luggage = (request: Request) => void;

/** What is wrong with which field: one text, or several. */
export type FieldErrors = Readonly<Record<string, string | readonly string[]>>;

/**
 * An answer that leads to another address. Each method gives another redirect, and leaves this one as it is.
 *
 * @example
 * import { redirect, type Request } from 'trilite';
 *
 * export function store(request: Request) {
 *   return redirect('/reports').with('status', 'The report is kept.');
 * }
 */
export class Redirect extends Responder {
  readonly #target: (request: Request) => string;
  readonly #status: RedirectStatus | undefined;
  readonly #luggage: readonly Luggage[];

  /** @param status default: 302, and 303 for what is no GET, which a browser follows with a GET */
  constructor(
    target: (request: Request) => string,
    status?: RedirectStatus,
    luggage: readonly Luggage[] = [],
  ) {
    super();
    this.#target = target;
    this.#status = status;
    this.#luggage = luggage;
  }

  /** With a status of your own: 307 and 308 have the browser send the same request there. */
  status(status: RedirectStatus): Redirect {
    return new Redirect(this.#target, status, this.#luggage);
  }

  /** For good, which browsers remember: 301. */
  permanently(): Redirect {
    return this.status(301);
  }

  /** Flashes a value for the next page. @throws E_SESSION_MISSING when it is sent, where the route has no session */
  with(key: string, value: unknown): Redirect {
    return this.#taking(({ session }) => session.flash(key, value));
  }

  /** Flashes what was typed, for `session.old` of the next page; passwords and the token are left out, and what is named. */
  withInput(input?: unknown, options?: { readonly except?: readonly string[] }): Redirect {
    return this.#taking(({ session, body }) => session.flashInput(input ?? body, options));
  }

  /** Flashes what is wrong with which field, for `session.errors` of the next page. */
  withErrors(errors: FieldErrors): Redirect {
    const lists = Object.entries(errors).map(([field, found]) => [field, [found].flat()] as const);
    return this.#taking(({ session }) => session.flashErrors(Object.fromEntries(lists)));
  }

  respond(request: Request, response: Response): void {
    const target = this.#target(request);
    for (const take of this.#luggage) take(request);
    response.redirect(this.#status ?? usualStatus(request.method), target);
  }

  #taking(take: Luggage): Redirect {
    return new Redirect(this.#target, this.#status, [...this.#luggage, take]);
  }
}

/**
 * Leads to a path of this site. In the work of a tenant whose slug is in the path, `redirectToRoute` knows it.
 *
 * @throws E_REDIRECT_REFUSED for all that a browser could take for another site
 */
export function redirect(path: string): Redirect {
  if (!isLocalPath(path)) throw RedirectRefusedError.to(path);
  return new Redirect(() => path);
}

/**
 * Leads to a named route, of the tenant whose work it is.
 *
 * @throws E_ROUTE_INVALID when it is sent: for an unknown name, or a missing parameter
 */
export function redirectToRoute<N extends RouteName>(
  name: N,
  ...parameters: UrlArguments<N>
): Redirect {
  return new Redirect((request) => {
    const work = workOf(request);
    if (work === undefined) throw RouteInvalidError.unknownName(name, []);
    const target = work.scope.make(UrlGenerator).url(name, ...parameters);
    // A whole address is that of a side of this application, which its config names
    if (target.startsWith('/') && !isLocalPath(target)) throw RedirectRefusedError.to(target);
    return target;
  });
}

/** Leads back to the page that the request came from, as far as it is one of this site; else to the fallback. */
export function back(fallback = '/'): Redirect {
  if (!isLocalPath(fallback)) throw RedirectRefusedError.to(fallback);
  return new Redirect((request) => previousPath(request, fallback));
}

/**
 * Leads to another site, on purpose. The address must not come from a request.
 *
 * @throws E_ANSWER_INVALID for what is no whole address of http or https
 */
export function redirectAway(address: string): Redirect {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw AnswerInvalidError.address(address);
  }
  return new Redirect(() => url.href);
}

function usualStatus(method: string): RedirectStatus {
  return method === 'GET' || method === 'HEAD' ? 302 : 303;
}
