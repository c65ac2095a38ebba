import { RequestInvalidError } from './errors';
import type { Request } from './request';

/** `scheme://authority`, and what follows. */
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/is;

/** What no host with a port has in it. */
const NO_HOST = /[\s@/\\?#,]/;

/**
 * Refuses a request that does not say plainly which host it is for: with two, one of them would be believed here, and the other by who passed it on.
 *
 * @throws E_REQUEST_INVALID (400)
 * @see RFC 9112, 3.2
 */
export function refuseUnclearHost({ headers, rawHeaders }: Request): void {
  if (NO_HOST.test(headers.host ?? '')) throw invalid('its header "Host" is no name of a host');
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) throw invalid('it has more than one header "Host"');
}

/**
 * Takes a request whose target is a whole address for one of its path, as every server has to: whoever reads the address, to tell whose the
 * request is or to find its route, sees one form alone.
 *
 * @throws E_REQUEST_INVALID (400) when address and `Host` name different hosts: one of them would be believed, and the other passed on
 * @see RFC 9112, 3.2.2
 */
export function takeAbsoluteTarget(request: Request): void {
  if (request.url.startsWith('/')) return;
  const [, authority, rest] = ABSOLUTE.exec(request.url) ?? [];
  if (authority === undefined || rest === undefined) return;
  const { host = '' } = request.headers;
  if (authority.toLowerCase() !== host.toLowerCase()) {
    throw invalid('its address and its header "Host" name different hosts');
  }
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  request.originalUrl = request.url;
}

function invalid(problem: string): RequestInvalidError {
  return RequestInvalidError.because(problem, 400, undefined);
}
