import type { CookieOptions } from '../../http/cookies/cookies';
import type { RequestUser } from '../../http/request-user';
import type { Tenant } from '../../tenancy/tenant';
import type { Arrangement, Browser, Outgoing } from './browser';
import { bodyOf, formOf, type FormField, type RequestBody } from './request-body';
import { TestRequest, type Unsent } from './test-request';
import type { Verb } from './wire';

/** What is the same in every request of a client. */
type ClientSettings = Omit<Outgoing, 'method' | 'path' | 'body'>;

const NOTHING: ClientSettings = {
  headers: {},
  from: undefined,
  user: undefined,
  tenantId: undefined,
  arrangements: [],
  hasToken: false,
  followsRedirects: false,
};

/**
 * A browser in front of a test's application. It keeps cookies from request to request, and so has a session; requests say that they come from a
 * page of the application's own.
 *
 * What begins with `with`, `as`, `acting`, `from` or `follow` gives another client of the same browser; the one it is called on stays as it is.
 *
 * @example
 * import { createTestApplication } from 'trilite/testing';
 *
 * test('a report is built', async () => {
 *   const app = await createTestApplication();
 *   const client = app.client();
 *   await client.post('/reports').assertAccepted().assertJsonPath('state', 'waiting');
 *   await client.get('/reports/unknown').assertNotFound();
 *   await app.close();
 * });
 */
export class TestClient {
  readonly #browser: Browser;
  readonly #unsent: Unsent;
  readonly #settings: ClientSettings;

  constructor(browser: Browser, unsent: Unsent, settings: ClientSettings = NOTHING) {
    this.#browser = browser;
    this.#unsent = unsent;
    this.#settings = settings;
  }

  /** @param path below the address of whose request it is, '/reports?page=2', or a whole address */
  get(path: string): TestRequest {
    return this.#request('get', path);
  }

  head(path: string): TestRequest {
    return this.#request('head', path);
  }

  options(path: string): TestRequest {
    return this.#request('options', path);
  }

  /** @param body text and bytes as they are, anything else as JSON */
  post(path: string, body?: unknown): TestRequest {
    return this.#send('post', path, body);
  }

  /** @param body text and bytes as they are, anything else as JSON */
  put(path: string, body?: unknown): TestRequest {
    return this.#send('put', path, body);
  }

  /** @param body text and bytes as they are, anything else as JSON */
  patch(path: string, body?: unknown): TestRequest {
    return this.#send('patch', path, body);
  }

  /** @param body text and bytes as they are, anything else as JSON */
  delete(path: string, body?: unknown): TestRequest {
    return this.#send('delete', path, body);
  }

  /**
   * Sends a form as a page does, and asks for a page.
   *
   * @param fields a `File` is a file that was chosen
   * @param method 'post' by default
   */
  form(
    path: string,
    fields: Readonly<Record<string, FormField>>,
    method: 'post' | 'put' | 'patch' | 'delete' = 'post',
  ): TestRequest {
    return this.#request(method, path, () => formOf(fields));
  }

  withHeader(name: string, value: string): TestClient {
    return this.withHeaders({ [name]: value });
  }

  withHeaders(headers: Readonly<Record<string, string>>): TestClient {
    return this.#with({ headers: { ...this.#settings.headers, ...headers } });
  }

  /** Sends `Authorization: Bearer …`. */
  withToken(token: string): TestClient {
    return this.withHeader('Authorization', `Bearer ${token}`);
  }

  /** Has the browser hold a cookie from the next request on, as the application would have set it: encrypted, unless it is `plain`. */
  withCookie(name: string, value: string, options: CookieOptions = {}): TestClient {
    return this.#arranged((visit) => visit.setCookie(name, value, options));
  }

  /** Puts values into the session before the next request; begins one where there is none. */
  withSession(values: Readonly<Record<string, unknown>>): TestClient {
    return this.#arranged((visit) => visit.putInSession(values));
  }

  /** Sends the token of the session with what changes something: where tenants share an origin, `verifyCsrf` asks for it. */
  withCsrfToken(): TestClient {
    return this.#with({ hasToken: true });
  }

  /** Sends requests from a page: its address is in the header "Referer". */
  from(path: string): TestClient {
    return this.#with({ from: path });
  }

  /** Goes on to where answers send to, up to 20 times, as long as that is the application. */
  followRedirects(): TestClient {
    return this.#with({ followsRedirects: true });
  }

  /**
   * Sends requests as a tenant's: to its host or below its path, else with the token, header, cookie or query parameter that the chain of
   * config/tenancy.ts reads. One that the application takes for somebody else's fails.
   */
  asTenant(tenant: string | Tenant): TestClient {
    return this.#with({ tenantId: typeof tenant === 'string' ? tenant : tenant.id });
  }

  /** Sends requests that come from a user, `request.user`, without signing in. What a middleware says with `actAs` wins. */
  actingAs(user: RequestUser | undefined): TestClient {
    return this.#with({ user });
  }

  #with(settings: Partial<ClientSettings>): TestClient {
    return new TestClient(this.#browser, this.#unsent, { ...this.#settings, ...settings });
  }

  /** Once, before the first request of the client that comes of it: what that changes is not put back. */
  #arranged(arrange: Arrangement): TestClient {
    let arranged: Promise<void> | undefined;
    const once: Arrangement = (visit) => (arranged ??= arrange(visit));
    return this.#with({ arrangements: [...this.#settings.arrangements, once] });
  }

  #send(method: Verb, path: string, body: unknown): TestRequest {
    return this.#request(method, path, () => (body === undefined ? undefined : bodyOf(body)));
  }

  #request(
    method: Verb,
    path: string,
    write: () => RequestBody | undefined | Promise<RequestBody> = () => undefined,
  ): TestRequest {
    return new TestRequest({
      name: `${method.toUpperCase()} ${path}`,
      send: async () => {
        const body = await write();
        return this.#browser.send({ ...this.#settings, method, path, body });
      },
      unsent: this.#unsent,
    });
  }
}
