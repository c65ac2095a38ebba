import { isOfHost } from '../origin';
import { workOf } from '../request-work';
import { CsrfError } from '../errors';
import type { MiddlewareFunction } from '../middleware';
import type { Request } from '../request';
import { intakeOf } from '../uploads/intake';

/** Methods that change nothing, and so need no proof. */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** What differs for some requests. */
export interface CsrfOptions {
  /** Paths that are let through: '/webhooks/stripe', or '/webhooks/*' for all below. Default: none. */
  readonly except?: readonly string[];
  /** Origins whose pages may send requests, too, with a token: 'https://shop.example'. Default: none. */
  readonly trustedOrigins?: readonly string[];
}

/**
 * A middleware that refuses what pages of others have a visitor's browser send. It stands after `startSession`.
 *
 * 1. GET, HEAD and OPTIONS pass.
 * 2. What the browser says to come from a page of another origin (`Sec-Fetch-Site`, or `Origin`) is refused, but for `trustedOrigins`.
 * 3. What the browser says to come from a page of the same origin (`Sec-Fetch-Site: same-origin`) passes, unless tenants share that origin: where
 *    anything else than the host names the tenant, the token is needed.
 * 4. All else passes with the token of the session: the field `_token`, or the header `X-CSRF-Token` or `X-XSRF-Token`.
 *
 * @throws E_CSRF (403)
 */
export function verifyCsrf(options: CsrfOptions = {}): MiddlewareFunction {
  const { except = [], trustedOrigins = [] } = options;
  const trusted = new Set(trustedOrigins.map((origin) => new URL(origin).origin));
  return async (request, _response, next) => {
    const passes =
      SAFE_METHODS.includes(request.method) ||
      except.some((pattern) => fits(pattern, request.path)) ||
      isOwn(request, trusted) ||
      (await request.session.hasToken(await tokenOf(request)));
    if (!passes) throw CsrfError.withoutToken();
    next();
  };
}

/**
 * Whether the browser vouches for a request without a token.
 *
 * @throws E_CSRF when it says that somebody else's page sent it
 */
function isOwn(request: Request, trusted: ReadonlySet<string>): boolean {
  const site = request.get('Sec-Fetch-Site');
  if (site === 'same-origin') return !sharesOrigin(request);
  const origin = request.get('Origin');
  if (origin !== undefined && trusted.has(origin)) return false;
  if (site === 'same-site' || site === 'cross-site') throw CsrfError.fromOutside(origin ?? site);
  // 'null' is what a page sends that does not say where it is from: it may be ours
  if (origin !== undefined && origin !== 'null' && !isOfHost(origin, request)) {
    throw CsrfError.fromOutside(origin);
  }
  return false;
}

/** Whether other tenants have pages of the same origin. */
function sharesOrigin(request: Request): boolean {
  const identified = workOf(request)?.identified;
  return identified !== undefined && identified.trust !== 'host';
}

/** A form with files is read for it here, with all the limits of its route. */
async function tokenOf(request: Request): Promise<string> {
  const header = request.get('X-CSRF-Token') ?? request.get('X-XSRF-Token');
  if (header === undefined) await intakeOf(request)?.read();
  const body: unknown = request.body;
  const field =
    typeof body === 'object' && body !== null && Object.hasOwn(body, '_token')
      ? (body as { readonly _token: unknown })._token
      : undefined;
  const token = field ?? header;
  return typeof token === 'string' ? token : '';
}

function fits(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}
