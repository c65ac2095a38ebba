import type { ServerResponse } from 'node:http';

/** Headers that tell of one content. `Content-Security-Policy` tells of whatever is sent. */
const OF_CONTENT =
  /^(content-(type|length|encoding|disposition|language|location|range)|etag|last-modified|location)$/;

/**
 * Takes away the headers of an answer that is not sent after all, for another one to be sent in its place: it is no file to keep, and nobody remembers
 * it for as long as the first one was good.
 */
export function forgetContent(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    if (OF_CONTENT.test(name)) response.removeHeader(name);
  }
  const kept = String(response.getHeader('Cache-Control') ?? '');
  if (!kept.includes('no-store')) response.removeHeader('Cache-Control');
}
