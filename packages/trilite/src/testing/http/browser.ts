import type { IncomingMessage } from 'node:http';
import type { Application } from '../../application';
import { cookiesOf } from '../../http/cookies/request-cookies';
import { TenantAddresses } from '../../http/identification/tenant-addresses';
import { failureOf } from '../../http/request-failure';
import type { RequestUser } from '../../http/request-user';
import { workOf } from '../../http/request-work';
import { hasSession } from '../../http/session/request-session';
import { UrlGenerator } from '../../http/urls/url-generator';
import { TestClientError } from '../errors';
import { Answer } from './answer';
import { CookieJar } from './cookie-jar';
import { meet, type Meeting } from './meeting';
import type { RequestBody } from './request-body';
import { centralPlace, pathAt, tenantPlace, type Place } from './tenant-place';
import { Visit } from './visit';
import type { Verb } from './wire';

/** As many as browsers follow. */
const MOST_REDIRECTS = 20;

/** What somebody does before a request: fills the cookies or the session. */
export type Arrangement = (visit: Visit) => Promise<void>;

/** A request as a test means it. */
export interface Outgoing {
  readonly method: Verb;
  /** Below the address of whose request it is, or a whole address. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestBody | undefined;
  /** The page it is sent from, by its path. */
  readonly from: string | undefined;
  readonly user: RequestUser | undefined;
  readonly tenantId: string | undefined;
  readonly arrangements: readonly Arrangement[];
  readonly hasToken: boolean;
  readonly followsRedirects: boolean;
}

/** A request on its way, once it is told where to. */
interface Passage extends Outgoing {
  readonly place: Place;
  readonly url: URL;
}

/** A browser in front of an application: it keeps cookies, and knows where each tenant is. */
export class Browser {
  readonly #app: Application;
  readonly #jar = new CookieJar();

  constructor(app: Application) {
    this.#app = app;
  }

  /** Sends a request, and waits for what the application put off until after the response. */
  async send(outgoing: Outgoing): Promise<Answer> {
    let passage = await this.#begin(outgoing);
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#ask(passage);
      const next = outgoing.followsRedirects ? this.#redirected(passage, answer) : undefined;
      if (next === undefined) return answer;
      if (redirects === MOST_REDIRECTS) {
        throw new Error(`${answer.request} still redirects after ${MOST_REDIRECTS} redirects.`);
      }
      passage = next;
    }
  }

  async #begin(outgoing: Outgoing): Promise<Passage> {
    const { tenantId, path, headers, arrangements, method } = outgoing;
    const place = await this.#placeOf(tenantId);
    const url = addressAt(place, path);
    const visit = this.#visit(url, place);
    for (const arrange of arrangements) await arrange(visit);
    const isSafe = ['get', 'head', 'options'].includes(method);
    const token = outgoing.hasToken && !isSafe ? { 'X-CSRF-Token': await visit.token() } : {};
    const from =
      outgoing.from === undefined ? {} : { Referer: addressAt(place, outgoing.from).href };
    return { ...outgoing, place, url, headers: { ...token, ...from, ...headers } };
  }

  async #placeOf(tenantId: string | undefined): Promise<Place> {
    return tenantId === undefined ? centralPlace(this.#app) : tenantPlace(this.#app, tenantId);
  }

  /** The visit of a page before it is asked for: whose it is, is what the test says. */
  #visit(url: URL, { tenant, address }: Place): Visit {
    return new Visit(this.#app, this.#jar, {
      url,
      tenantId: tenant?.id,
      cookiePath: address.prefix === '' ? '/' : address.prefix,
      isSecure: url.protocol === 'https:',
    });
  }

  async #ask(passage: Passage): Promise<Answer> {
    const { method, url, body, user } = passage;
    const target = `${url.pathname}${url.search}`;
    const wire = { method, target, headers: this.#headers(passage), body: body?.content };
    const meeting = await meet(this.#app.http(), wire, user);
    this.#jar.keep(meeting.answer.headers['set-cookie'] ?? [], url);
    refuseOther(passage, meeting.request);
    return this.#answerOf(passage, meeting);
  }

  async #answerOf({ method, url }: Passage, { request, answer }: Meeting): Promise<Answer> {
    const tenant = workOf(request)?.identified?.tenant;
    const { path = '/', isSecure = false } = cookiesOf(request) ?? {};
    const place = { url, tenantId: tenant?.id, cookiePath: path, isSecure };
    const visit = new Visit(this.#app, this.#jar, place);
    const urls = new UrlGenerator({
      routes: this.#app.http().routes,
      addresses: new TenantAddresses(this.#app.config),
      current: () => tenant,
      keys: {},
    });
    return new Answer({
      ...answer,
      method: method.toUpperCase(),
      url,
      prefix: path.replace(/\/$/, ''),
      failure: failureOf(request),
      session: hasSession(request) ? await visit.session() : undefined,
      openCookie: (name, text) => visit.open(name, text),
      routeUrl: (name, ...parameters) => urls.absoluteUrl(name, ...parameters),
    });
  }

  #headers({ url, place, body, headers }: Passage): Record<string, string> {
    const { Cookie: claim, ...claims } = place.headers;
    const cookies = [this.#jar.header(url), claim].filter((one) => one !== undefined).join('; ');
    return {
      Host: url.host,
      'Sec-Fetch-Site': 'same-origin',
      ...(cookies !== '' && { Cookie: cookies }),
      ...claims,
      ...body?.headers,
      ...headers,
    };
  }

  /** The request that a redirect asks for; undefined for what is none, or leads away from the application. */
  #redirected(passage: Passage, { status, location }: Answer): Passage | undefined {
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined;
    const url = new URL(location);
    const hosts = [
      passage.url.host,
      passage.place.address.origin,
      centralPlace(this.#app).address.origin,
    ];
    if (!hosts.includes(url.host) && !hosts.includes(url.origin)) return undefined;
    const isSame = status >= 307 || ['get', 'head'].includes(passage.method);
    // Whose the page there is, the application has said
    const next = { ...passage, url, tenantId: undefined };
    return isSame ? next : { ...next, method: 'get', body: undefined };
  }
}

/** The address of a path at a place. */
function addressAt(place: Place, path: string): URL {
  if (/^https?:\/\//i.test(path)) return new URL(path);
  if (path.startsWith('/')) return new URL(`${place.address.origin}${pathAt(place, path)}`);
  throw new TypeError(
    `Expected \`path\` to begin with "/", or to be a whole address, got \`${path}\`.`,
  );
}

/** What was sent as a tenant's and taken for somebody else's would prove nothing. What was refused before that is told by its answer. */
function refuseOther({ tenantId, method, url }: Passage, request: IncomingMessage): void {
  const work = workOf(request);
  const found = work?.identified?.tenant.id;
  if (tenantId === undefined || work === undefined || found === tenantId) return;
  throw TestClientError.otherTenant(tenantId, found, `${method.toUpperCase()} ${url.href}`);
}
