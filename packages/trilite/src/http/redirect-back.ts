import { withOneSlash } from './local-path';
import { isOfHost } from './origin';
import type { Request } from './request';

/**
 * The address of the page that a request came from, as far as it is one of this site: a path. What the browser says is never followed to another
 * site.
 *
 * @param fallback where it does not say, or says something else
 */
export function previousPath(request: Request, fallback = '/'): string {
  const referer = request.get('Referer');
  if (referer === undefined || !isOfHost(referer, request)) return fallback;
  const { pathname, search } = new URL(referer);
  return `${withOneSlash(pathname)}${search}`;
}
