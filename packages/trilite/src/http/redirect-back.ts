import { withOneSlash } from './local-path';
import type { Request } from './request';

/**
 * The address of the page that a request came from, as far as it is one of this site: a path. What the browser says is never followed to another
 * site.
 *
 * @param fallback where it does not say, or says something else
 */
export function previousPath(request: Request, fallback = '/'): string {
  const referer = request.get('Referer');
  if (referer === undefined || !URL.canParse(referer)) return fallback;
  const { host, pathname, search } = new URL(referer);
  if (host !== request.host) return fallback;
  return `${withOneSlash(pathname)}${search}`;
}
