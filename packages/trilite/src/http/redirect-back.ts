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
  const { protocol, host, pathname, search } = new URL(referer);
  // Other schemes have a host, too, and no path behind it
  if (!['http:', 'https:'].includes(protocol) || host !== request.host) return fallback;
  return `${withOneSlash(pathname)}${search}`;
}
