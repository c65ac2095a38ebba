import { parseSetCookie } from 'cookie';
import { clock } from '../../support/clock';

/** A cookie as a response sets it: its value as it stands there. */
export interface SetCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string | undefined;
  readonly domain: string | undefined;
  /** Epoch milliseconds; undefined for one that stays until the browser is closed. */
  readonly until: number | undefined;
}

/** Reads a line of the header "Set-Cookie". */
export function readSetCookie(line: string): SetCookie {
  const cookie = parseSetCookie(line, { decode: (text) => text });
  const { name, value = '', path, domain, maxAge, expires } = cookie;
  const until = maxAge === undefined ? expires?.getTime() : clock.now() + maxAge * 1000;
  return { name, value, path, domain, until };
}

interface Kept {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  /** Whether hosts below that one get it, too. */
  readonly isShared: boolean;
  readonly path: string;
  readonly until: number | undefined;
}

/**
 * The cookies of a browser: each goes back to the host and below the path it came from, until it ends. Secure ones are kept and sent, whatever the
 * scheme: a test stands for the browser behind whatever ends TLS.
 *
 * @see https://datatracker.ietf.org/doc/html/rfc6265#section-5
 */
export class CookieJar {
  readonly #cookies = new Map<string, Kept>();

  /** Keeps what an answer from an address sets. */
  keep(lines: readonly string[], url: URL): void {
    for (const line of lines) this.#keep(readSetCookie(line), url);
  }

  /** The header "Cookie" of a request for an address; undefined for one without cookies. */
  header({ hostname, pathname }: URL): string | undefined {
    const sent = [...this.#cookies.values()]
      .filter((kept) => isFor(kept, hostname, pathname))
      .filter(({ until = Infinity }) => until > clock.now())
      .sort((one, other) => other.path.length - one.path.length);
    if (sent.length === 0) return undefined;
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  #keep({ name, value, domain, path, until }: SetCookie, { hostname, pathname }: URL): void {
    const host = domain?.replace(/^\./, '') ?? hostname;
    const isShared = domain !== undefined;
    if (isShared && host !== hostname && !hostname.endsWith(`.${host}`)) return;
    const kept = { name, value, host, isShared, path: path ?? defaultPath(pathname), until };
    const key = JSON.stringify([name, host, kept.path]);
    if (until !== undefined && until <= clock.now()) this.#cookies.delete(key);
    else this.#cookies.set(key, kept);
  }
}

function isFor({ host, isShared, path }: Kept, hostname: string, pathname: string): boolean {
  const isOfHost = hostname === host || (isShared && hostname.endsWith(`.${host}`));
  const below = path.endsWith('/') ? path : `${path}/`;
  return isOfHost && (pathname === path || pathname.startsWith(below));
}

function defaultPath(pathname: string): string {
  return pathname.slice(0, Math.max(1, pathname.lastIndexOf('/')));
}
