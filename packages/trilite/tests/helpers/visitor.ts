import type { Server } from 'node:http';
import { parseSetCookie } from 'cookie';
import request, { type Test } from 'supertest';

/** A browser, as far as cookies go: it keeps what it is sent, by name, and sends it back. */
export class Visitor {
  readonly cookies = new Map<string, string>();
  readonly #server: Server;

  constructor(server: Server, cookies: ReadonlyMap<string, string> = new Map()) {
    this.#server = server;
    this.cookies = new Map(cookies);
  }

  get(path: string): Test {
    return this.send('get', path);
  }

  /** From a page of the same origin. */
  post(path: string, body: object = {}): Test {
    return this.send('post', path).set('Sec-Fetch-Site', 'same-origin').send(body);
  }

  send(
    method: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options',
    path: string,
  ): Test {
    const test = request(this.#server)[method](path);
    if (this.cookies.size > 0) test.set('Cookie', this.header);
    return test.expect((answer) => this.#keep(answer.headers));
  }

  /** The header "Cookie". */
  get header(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Another browser with the same cookies, whoever it is that has them. */
  copy(): Visitor {
    return new Visitor(this.#server, this.cookies);
  }

  #keep(headers: unknown): void {
    for (const line of (headers as { 'set-cookie'?: readonly string[] })['set-cookie'] ?? []) {
      const { name, value = '', maxAge } = parseSetCookie(line, { decode: (text) => text });
      if (maxAge === 0) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}
