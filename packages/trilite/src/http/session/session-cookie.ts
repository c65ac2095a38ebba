import { createHash } from 'node:crypto';
import type { SessionSettings } from '../../config/schema';
import type { CookieAttributes, Cookies } from '../cookies/cookies';

/** Browsers take a cookie of such a name only from the host itself, over HTTPS. @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2 */
const HOST_PREFIX = '__Host-';

/** Settings with the name of the cookie. */
export type SessionCookieSettings = SessionSettings & { readonly cookie: string };

/** The cookie that holds the id of a session. */
export class SessionCookie {
  readonly #settings: SessionCookieSettings;
  readonly #suffix: string;

  /** @param tenantId whose sessions they are; each tenant's cookie has a name of its own */
  constructor(settings: SessionCookieSettings, tenantId: string | undefined) {
    this.#settings = settings;
    this.#suffix = tenantId === undefined ? '' : `_${hashOf(tenantId)}`;
  }

  /** The id that the browser sent, if it can be one. */
  read(cookies: Cookies): string | undefined {
    return cookies.get(this.#name(cookies));
  }

  /** Has the browser keep an id, from now on for as long as a session lives. */
  send(cookies: Cookies, id: string): void {
    const { expireOnClose, lifetime } = this.#settings;
    const maxAge = expireOnClose ? {} : { maxAge: lifetime / 1000 };
    cookies.set(this.#name(cookies), id, { ...this.#attributes(), ...maxAge });
  }

  forget(cookies: Cookies): void {
    cookies.forget(this.#name(cookies), this.#attributes());
  }

  #attributes(): CookieAttributes {
    const { path, domain, secure, sameSite } = this.#settings;
    return {
      sameSite,
      ...(path !== undefined && { path }),
      ...(domain !== undefined && { domain }),
      ...(secure !== 'auto' && { secure }),
    };
  }

  #name(cookies: Cookies): string {
    const { cookie, domain, path = cookies.path, secure, sameSite } = this.#settings;
    const isSecure = secure === 'auto' ? cookies.isSecure || sameSite === 'none' : secure;
    const mayPrefix = isSecure && domain === undefined && path === '/' && !cookie.startsWith('__');
    return `${mayPrefix ? HOST_PREFIX : ''}${cookie}${this.#suffix}`;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
