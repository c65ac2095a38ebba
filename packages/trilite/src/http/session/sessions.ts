import type { Cookies } from '../cookies/cookies';
import { Session } from './session';
import { SessionCookie, type SessionCookieSettings } from './session-cookie';
import type { SessionStore } from './session-store';

/** What the sessions of a scope are made of. */
export interface SessionsParts {
  readonly store: SessionStore;
  readonly settings: SessionCookieSettings;
  /** Whose they are; undefined for the application's own. */
  readonly tenantId: string | undefined;
}

/** The sessions of the application's visitors, or of one tenant's. */
export class Sessions {
  readonly #parts: SessionsParts;
  readonly #cookie: SessionCookie;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    this.#cookie = new SessionCookie(parts.settings, parts.tenantId);
  }

  /** The session of a request; nothing is read before it is used. */
  of(cookies: Cookies): Session {
    const { store, settings, tenantId } = this.#parts;
    const { lifetime: lifetimeMs } = settings;
    return new Session({ store, cookies, cookie: this.#cookie, lifetimeMs, tenantId });
  }

  /** Removes sessions that have ended; tells how many. New ones take some along: this is for a file that is to become smaller at once. */
  prune(): Promise<number> {
    return this.#parts.store.prune();
  }
}
