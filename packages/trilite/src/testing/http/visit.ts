import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Application } from '../../application';
import { CookieCipher } from '../../http/cookies/cookie-cipher';
import { Cookies, type CookieOptions } from '../../http/cookies/cookies';
import type { Session } from '../../http/session/session';
import { Sessions } from '../../http/session/sessions';
import type { InputErrors } from '../../http/validation/errors';
import type { CookieJar } from './cookie-jar';

/** Whose pages somebody visits, and where they are. */
export interface VisitPlace {
  readonly url: URL;
  /** Undefined for the application itself. */
  readonly tenantId: string | undefined;
  /** Below which path its cookies are. */
  readonly cookiePath: string;
  readonly isSecure: boolean;
}

/** What a session holds once a request is over. */
export interface SessionContents {
  readonly values: Readonly<Record<string, unknown>>;
  readonly errors: InputErrors;
}

/** What a browser and an application know of each other: cookies and session, read and written as the application does it. */
export class Visit {
  readonly #app: Application;
  readonly #jar: CookieJar;
  readonly #place: VisitPlace;

  constructor(app: Application, jar: CookieJar, place: VisitPlace) {
    this.#app = app;
    this.#jar = jar;
    this.#place = place;
  }

  /** Has the browser hold a cookie that the application might have set. */
  setCookie(name: string, value: string, options: CookieOptions): Promise<void> {
    return this.#write((cookies) => cookies.set(name, value, options));
  }

  /** The value of a cookie that came from here; undefined for one that the application would not believe. */
  open(name: string, text: string): string | undefined {
    return this.#cookies(`${name}=${text}`).cookies.get(name);
  }

  /** Puts values into the session; begins one where there is none. */
  putInSession(values: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#withSession(async (session) => {
      await session.reflash(); // this is no request: what was flashed is still for the next one
      for (const [key, value] of Object.entries(values)) session.put(key, value);
      await session.save();
    });
  }

  /** The token of the session's forms; begins one where there is none. */
  token(): Promise<string> {
    return this.#withSession(async (session) => {
      const token = await session.token();
      const isNew = !(await session.hasToken(token));
      if (isNew) await session.save();
      return token;
    });
  }

  /** What the session holds; undefined where its tenant is closed by now. Nothing is written: what was flashed stays for the next request. */
  async session(): Promise<SessionContents | undefined> {
    const { tenantId } = this.#place;
    const tenant = tenantId === undefined ? undefined : await this.#app.tenancy.find(tenantId);
    if (tenantId !== undefined && tenant?.state !== 'active') return undefined;
    return this.#withSession(async (session) => ({
      values: await session.all(),
      errors: await session.errors(),
    }));
  }

  #withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#write((cookies) => this.#inWork((sessions) => work(sessions.of(cookies))));
  }

  #inWork<T>(work: (sessions: Sessions) => Promise<T>): Promise<T> {
    const { tenancy } = this.#app;
    const { tenantId } = this.#place;
    if (tenantId === undefined) return tenancy.central((scope) => work(scope.make(Sessions)));
    return tenancy.run(tenantId, (_tenant, scope) => work(scope.make(Sessions)), {
      allowSwitch: true,
    });
  }

  /** Has the jar keep what is set meanwhile. */
  async #write<T>(write: (cookies: Cookies) => T | Promise<T>): Promise<T> {
    const { url } = this.#place;
    const { cookies, response } = this.#cookies(this.#jar.header(url));
    const result = await write(cookies);
    this.#jar.keep([response.getHeader('Set-Cookie') ?? []].flat().map(String), url);
    return result;
  }

  /** Cookies as a request has them, over a response that is never sent. */
  #cookies(header: string | undefined): { cookies: Cookies; response: ServerResponse } {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    const { tenantId, cookiePath, isSecure } = this.#place;
    const cipher = new CookieCipher(this.#app.config.app);
    const cookies = new Cookies({ cipher, header, response, tenantId, path: cookiePath, isSecure });
    return { cookies, response };
  }
}
