import { isOfHost } from './origin';
import type { Request } from './request';

/** What the form of a page may ask for instead of its POST: browsers send GET and POST alone. */
const METHODS = ['PUT', 'PATCH', 'DELETE'];

/**
 * Takes a form's POST for the method of its field `_method`; a form with files, which is read later, says it in the query of its address.
 *
 * Only of a page of this site: others are asked by the browser before they may send such a method, and could go around that by a form.
 */
export function takeFormMethod(request: Request): void {
  if (request.method !== 'POST') return;
  const isForm = request.is('urlencoded') === 'urlencoded';
  if (!isForm && request.is('multipart') !== 'multipart') return;
  const source = (isForm ? request.body : request.query) as Readonly<Record<string, unknown>>;
  const wanted = source['_method'];
  const method = typeof wanted === 'string' ? wanted.toUpperCase() : '';
  if (METHODS.includes(method) && isOfThisSite(request)) request.method = method;
}

function isOfThisSite(request: Request): boolean {
  const site = request.get('Sec-Fetch-Site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const origin = request.get('Origin');
  if (origin === undefined) return true;
  return isOfHost(origin, request);
}
