import type { IncomingHttpHeaders } from 'node:http';
import type { RouteName, UrlArguments } from '../../http/urls/routes';
import { readSetCookie, type SetCookie } from './cookie-jar';
import type { SessionContents } from './visit';

/** What an answer is made of. */
export interface AnswerParts {
  readonly method: string;
  readonly url: URL;
  /** What paths of whose request it was begin with: '' or such as '/t/acme'. */
  readonly prefix: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The error that the application answered it for. */
  readonly failure: Error | undefined;
  /** Undefined where none was started for the request. */
  readonly session: SessionContents | undefined;
  /** The value of a cookie that came with it; undefined for one that the application would not believe. */
  readonly openCookie: (name: string, text: string) => string | undefined;
  /** The whole address of a route, for whose request it was. */
  readonly routeUrl: <N extends RouteName>(name: N, ...parameters: UrlArguments<N>) => string;
}

/** What became of a request: all that assertions look at. It does not change with later requests. */
export class Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly failure: Error | undefined;
  readonly session: SessionContents | undefined;
  readonly text: string;
  readonly cookies: readonly SetCookie[];
  readonly #parts: AnswerParts;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
    ({
      status: this.status,
      headers: this.headers,
      body: this.body,
      failure: this.failure,
      session: this.session,
    } = parts);
    this.text = parts.body.toString();
    this.cookies = (parts.headers['set-cookie'] ?? []).map(readSetCookie);
  }

  /** What was asked for: `POST http://localhost/reports`. */
  get request(): string {
    return `${this.#parts.method} ${this.#parts.url.href}`;
  }

  /** @throws SyntaxError for what is no JSON */
  get json(): unknown {
    return JSON.parse(this.text) as unknown;
  }

  get contentType(): string {
    return this.headers['content-type'] ?? '';
  }

  /** The values of a header; empty when it is not there. */
  header(name: string): readonly string[] {
    return [this.headers[name.toLowerCase()] ?? []].flat();
  }

  /** Where it sends to, as a whole address; undefined when it sends nowhere. */
  get location(): string | undefined {
    const { location } = this.headers;
    return location === undefined ? undefined : new URL(location, this.#parts.url).href;
  }

  /** What a test may mean by a path or an address: also the one below the tenant's path. */
  addressesOf(target: string): readonly string[] {
    const { url, prefix } = this.#parts;
    const own = target.startsWith('/') && prefix !== '' ? [`${url.origin}${prefix}${target}`] : [];
    return [target, ...own].map((one) => new URL(one, url).href);
  }

  /** @throws E_ROUTE_INVALID */
  routeUrl<N extends RouteName>(name: N, ...parameters: UrlArguments<N>): string {
    return new URL(this.#parts.routeUrl(name, ...parameters)).href;
  }

  /** A cookie that it sets: of several of one name the last, as a browser takes it. */
  setCookie(name: string): SetCookie | undefined {
    return this.cookies.findLast((cookie) => cookie.name === name);
  }

  /** The value of a cookie that it sets; undefined where there is none, or none that the application would believe. */
  cookie(name: string): string | undefined {
    const cookie = this.setCookie(name);
    return cookie === undefined ? undefined : this.#parts.openCookie(name, cookie.value);
  }

  /** The same for one that is set `plain`. */
  plainCookie(name: string): string | undefined {
    const cookie = this.setCookie(name);
    return cookie === undefined ? undefined : decodeURIComponent(cookie.value);
  }
}
