import type { ServerResponse } from 'node:http';
import { parseCookie, stringifySetCookie } from 'cookie';
import { clock } from '../../support/clock';
import { toMilliseconds, type Duration } from '../../support/duration';
import { CookieTooLargeError } from '../errors';
import type { CookieCipher } from './cookie-cipher';

/** Bytes of name and value together: browsers drop what is larger. @see https://datatracker.ietf.org/doc/html/rfc6265#section-6.1 */
const LARGEST = 4096;

/** Where a cookie is sent to, and who may read it. */
export interface CookieAttributes {
  /** Below which path. Default: '/'; for a tenant that its path names, that path. */
  readonly path?: string;
  /** The domain whose hosts get it, too. Default: none; the host that set it alone. */
  readonly domain?: string;
  /** Whether it is sent over HTTPS alone. Default: whether the request came so, or `url` in config/app.ts says so. */
  readonly secure?: boolean;
  /** Whether scripts of the page cannot read it. Default: true. */
  readonly httpOnly?: boolean;
  /** Whether it is sent with requests that come from other sites; 'none' needs HTTPS. Default: 'lax'. */
  readonly sameSite?: 'lax' | 'strict' | 'none';
}

/** How a cookie is set. */
export interface CookieOptions extends CookieAttributes {
  /** How long it is good; at least a second. Default: until the browser is closed. */
  readonly maxAge?: Duration;
  /** Whether it is neither encrypted nor protected against changes: for what scripts, or other servers, are to read. Default: false. */
  readonly plain?: boolean;
}

/** What the cookies of a request are made of. */
export interface CookiesParts {
  readonly cipher: CookieCipher;
  /** The header "Cookie". */
  readonly header: string | undefined;
  readonly response: ServerResponse;
  /** Whose request it is; undefined for the application's own. */
  readonly tenantId: string | undefined;
  /** Where the pages of whose request it is are: '/', or such as '/t/acme'. */
  readonly path: string;
  /** Whether browsers reach the application over HTTPS. */
  readonly isSecure: boolean;
}

/** What is sealed: the value, when it ends, and how it is to be set anew. */
interface Sealed {
  readonly value: string;
  /** Epoch milliseconds; undefined for one without `maxAge`. */
  readonly until?: number;
  readonly attributes?: CookieAttributes;
}

/**
 * The cookies of a request, and those its response sets.
 *
 * Values are encrypted with APP_KEY and bound to the cookie's name and to the tenant. What was altered, belongs under another name or to
 * another tenant, or has ended, is as good as not there. What one of APP_PREVIOUS_KEYS encrypted is read, and set anew with APP_KEY.
 *
 * @example
 * import type { Request } from 'trilite';
 *
 * export class ThemeController {
 *   show({ cookies }: Request) {
 *     return { theme: cookies.get('theme') ?? 'light' };
 *   }
 *
 *   store({ cookies }: Request) {
 *     cookies.set('theme', 'dark', { maxAge: '30d' });
 *   }
 * }
 */
export class Cookies {
  /** Where the pages of whose request it is are: '/', or such as '/t/acme'. */
  readonly path: string;
  /** Whether browsers reach the application over HTTPS. */
  readonly isSecure: boolean;
  readonly #parts: CookiesParts;
  readonly #set = new Map<string, string>();
  #received: Readonly<Record<string, string | undefined>> | undefined;

  constructor(parts: CookiesParts) {
    this.#parts = parts;
    this.path = parts.path;
    this.isSecure = parts.isSecure;
  }

  /**
   * The value of a cookie that the browser sent; undefined where there is none, or none that is to be believed.
   *
   * @param options `plain`: as it was set
   */
  get(name: string, { plain = false }: Pick<CookieOptions, 'plain'> = {}): string | undefined {
    this.#received ??= parseCookie(this.#parts.header ?? '');
    const text = this.#received[name];
    return plain || text === undefined ? text : this.#open(name, text);
  }

  /**
   * Sets a cookie with the response; one of the same name, path and domain that was set before in this request is replaced.
   *
   * @throws E_APP_KEY_MISSING, E_COOKIE_TOO_LARGE
   * @throws TypeError for a name, path or domain that no cookie can have, RangeError for a `maxAge` below a second
   */
  set(name: string, value: string, options: CookieOptions = {}): void {
    const { plain = false, maxAge, ...attributes } = options;
    const maxAgeSeconds = maxAge === undefined ? undefined : secondsOf(maxAge);
    const text = plain
      ? encodeURIComponent(value)
      : this.#seal(name, value, attributes, maxAgeSeconds);
    const size = Buffer.byteLength(name) + Buffer.byteLength(text);
    if (size > LARGEST) throw CookieTooLargeError.named(name, size, LARGEST);
    this.#send(name, text, { ...attributes, maxAgeSeconds });
  }

  /** Has the browser forget a cookie, by the path and domain it was set with. */
  forget(name: string, attributes: Pick<CookieAttributes, 'path' | 'domain'> = {}): void {
    this.#send(name, '', { ...attributes, maxAgeSeconds: 0 });
  }

  #open(name: string, text: string): string | undefined {
    const { cipher, tenantId, response } = this.#parts;
    const opened = cipher.open(text, { name, tenantId });
    if (opened === undefined) return undefined;
    const { value, until, attributes } = JSON.parse(opened.text) as Sealed;
    const leftMs = (until ?? Infinity) - clock.now();
    if (leftMs <= 0) return undefined;
    if (opened.isOutdated && !response.headersSent) {
      const maxAge = Math.max(1, Math.floor(leftMs / 1000));
      this.set(name, value, { ...attributes, ...(until !== undefined && { maxAge }) });
    }
    return value;
  }

  #seal(
    name: string,
    value: string,
    attributes: CookieAttributes,
    maxAgeSeconds: number | undefined,
  ): string {
    const { cipher, tenantId } = this.#parts;
    const sealed: Sealed = {
      value,
      ...(maxAgeSeconds !== undefined && { until: clock.now() + maxAgeSeconds * 1000 }),
      ...(Object.keys(attributes).length > 0 && { attributes }),
    };
    return cipher.seal(JSON.stringify(sealed), { name, tenantId });
  }

  #send(
    name: string,
    text: string,
    attributes: CookieAttributes & { readonly maxAgeSeconds: number | undefined },
  ): void {
    const { sameSite = 'lax', httpOnly = true, secure = this.isSecure } = attributes;
    const { path = this.path, domain, maxAgeSeconds } = attributes;
    const line = stringifySetCookie(
      {
        name,
        value: text,
        path,
        httpOnly,
        sameSite,
        secure: secure || sameSite === 'none',
        ...(domain !== undefined && { domain }),
        ...(maxAgeSeconds !== undefined && {
          maxAge: maxAgeSeconds,
          expires: new Date(clock.now() + maxAgeSeconds * 1000),
        }),
      },
      { encode: (encoded) => encoded },
    );
    this.#replace(JSON.stringify([name, path, domain]), line);
  }

  #replace(key: string, line: string): void {
    const { response } = this.#parts;
    const replaced = this.#set.get(key);
    const lines = [response.getHeader('Set-Cookie') ?? []].flat().map(String);
    response.setHeader('Set-Cookie', [...lines.filter((one) => one !== replaced), line]);
    this.#set.set(key, line);
  }
}

/** Whole seconds, as the header has them. */
function secondsOf(maxAge: Duration): number {
  const seconds = Math.floor(toMilliseconds(maxAge) / 1000);
  if (seconds >= 1) return seconds;
  throw new RangeError(`Expected \`maxAge\` to be at least a second, got \`${String(maxAge)}\`.`);
}
