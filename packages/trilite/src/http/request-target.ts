import { RequestInvalidError } from './errors';
import type { Request } from './request';

/** `scheme://authority`, and what follows. */
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/is;

/**
 * Takes a request whose target is a whole address for one of its path, as every server has to: whoever reads the address, to tell whose the
 * request is or to find its route, sees one form alone.
 *
 * @throws E_REQUEST_INVALID (400) when address and `Host` name different hosts: one of them would be believed, and the other passed on
 * @see RFC 9112, 3.2.2
 */
export function takeAbsoluteTarget(request: Request): void {
  const [, authority, rest] = ABSOLUTE.exec(request.url) ?? [];
  if (authority === undefined || rest === undefined) return;
  const { host = '' } = request.headers;
  if (authority.toLowerCase() !== host.toLowerCase()) {
    throw RequestInvalidError.because(
      'its address and its header "Host" name different hosts',
      400,
      undefined,
    );
  }
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  request.originalUrl = request.url;
}
