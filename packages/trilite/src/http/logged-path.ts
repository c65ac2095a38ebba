import type { Request } from './request';

/** The path of a request as logs may have it: without its query, which carries tokens. */
export function loggedPath({ originalUrl }: Pick<Request, 'originalUrl'>): string {
  const end = originalUrl.indexOf('?');
  return end === -1 ? originalUrl : originalUrl.slice(0, end);
}
