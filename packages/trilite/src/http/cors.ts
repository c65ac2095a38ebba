import type { Handler } from 'express';
import type { DurationText } from '../config/define';
import { toMilliseconds } from '../support/duration';
import type { Next, Request, Response } from './request';

/** Whose pages may read answers, and send requests that no form could. */
export interface CorsOptions {
  /** Their origins: 'https://app.example', 'https://*.example.com' for all hosts below, or '*' for everybody's. */
  readonly origins: '*' | readonly string[];
  /** Default: GET, HEAD, PUT, PATCH, POST, DELETE. */
  readonly methods?: readonly string[];
  /** Headers that requests may have. Default: those they ask for. */
  readonly allowedHeaders?: readonly string[];
  /** Headers of answers that pages may read beside those that every page may. Default: none. */
  readonly exposedHeaders?: readonly string[];
  /** Whether requests have the visitor's cookies; not for '*'. Default: false. */
  readonly credentials?: boolean;
  /** How long a browser remembers what it was allowed. Default: '1h'. */
  readonly maxAge?: DurationText;
}

type Policy = (request: Request, response: Response, next: Next) => unknown;

const policies = new WeakSet<object>();

const ORIGIN =
  /^(https?):\/\/(\*\.)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;

/**
 * A middleware that lets pages of other origins read answers. At a route or in its group it answers for the route's preflights, too, which are
 * requests of another method; under `cors` of app/http/kernel.ts it stands before everything.
 *
 * @throws TypeError for an origin that none is, and for everybody's pages with cookies
 * @example
 * import { cors, defineHttpKernel } from 'trilite';
 *
 * export default defineHttpKernel({
 *   groups: { api: [cors({ origins: ['https://app.example.com'] })] },
 * });
 */
export function cors(options: CorsOptions): Policy {
  // Lazily: most applications are asked by pages of their own alone
  const create = require('cors') as typeof import('cors');
  const settings = settingsOf(options);
  const answer = create(settings);
  const pass = create({ ...settings, preflightContinue: true });
  const policy: Policy = (request, response, next) =>
    (isPreflight(request) ? answer : pass)(request, response, next);
  policies.add(policy);
  return policy;
}

/** Whether a browser asks what a request may be that it has yet to send; every other OPTIONS is a request of its own. */
export function isPreflight({ method, headers }: Pick<Request, 'method' | 'headers'>): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** What answers for the preflights of a route whose requests pass these; undefined when nothing does. */
export function corsPolicyAmong(entries: readonly object[]): Handler | undefined {
  return entries.find((entry) => policies.has(entry)) as Handler | undefined;
}

function settingsOf(options: CorsOptions) {
  const { origins, credentials = false, maxAge = '1h' } = options;
  if (origins === '*' && credentials) {
    throw new TypeError(
      'Expected `origins` to name whose pages may send cookies along, got `*` with `credentials`',
    );
  }
  const { methods, allowedHeaders, exposedHeaders } = options;
  return {
    // A list even for one: answers differ by origin then, and caches are told so
    origin: origins === '*' ? origins : origins.map(originOf),
    credentials,
    maxAge: Math.floor(toMilliseconds(maxAge) / 1000),
    ...(methods && { methods: [...methods] }),
    ...(allowedHeaders && { allowedHeaders: [...allowedHeaders] }),
    ...(exposedHeaders && { exposedHeaders: [...exposedHeaders] }),
  };
}

/** As browsers write it in the header `Origin`: scheme, host and port, nothing behind. */
function originOf(text: string): string | RegExp {
  const [, scheme, wildcard, host = '', port = ''] = ORIGIN.exec(text) ?? [];
  if (scheme === undefined) {
    throw new TypeError(
      `Expected an origin such as "https://app.example" or "https://*.example.com", without a path, got \`${text}\``,
    );
  }
  if (wildcard === undefined) return new URL(text).origin;
  const below = `${host.toLowerCase().replaceAll('.', '\\.')}${port}`;
  return new RegExp(`^${scheme.toLowerCase()}://(?:[a-z0-9-]+\\.)+${below}$`);
}
