import type { RouteName, UrlArguments } from '../../http/urls/routes';
import type { Answer } from './answer';
import { reportOf } from './answer-report';
import type { ExpectedErrors } from './checks/field-errors';
import * as head from './checks/head-checks';
import * as json from './checks/json-checks';
import type { JsonStructure } from './checks/json-values';
import * as session from './checks/session-checks';
import * as text from './checks/text-checks';

/** Tells what is wrong with an answer; undefined when nothing is. */
export type Check = (answer: Answer) => string | undefined;

/**
 * What is said of an answer: of one that is there, at once; of a request that is still to be sent, when it is answered.
 *
 * What fails says what was expected and what came, with the request, the answer and the error that the application answered it for.
 */
export abstract class ResponseAssertions {
  /** Has an answer pass a check, now or once it is there. */
  protected abstract check(check: Check): this;

  /** It has this status. */
  assertStatus(status: number): this {
    return this.check((answer) => head.statusProblem(answer, status));
  }

  /** It has a status from 200 to 299. */
  assertSuccessful(): this {
    return this.check((answer) => head.statusClassProblem(answer, 2, 'success'));
  }

  /** It has a status from 500 to 599. */
  assertServerError(): this {
    return this.check((answer) => head.statusClassProblem(answer, 5, 'a fault of the server'));
  }

  /** It has status 200. */
  assertOk(): this {
    return this.assertStatus(200);
  }

  /** It has status 201. */
  assertCreated(): this {
    return this.assertStatus(201);
  }

  /** It has status 202. */
  assertAccepted(): this {
    return this.assertStatus(202);
  }

  /** It has status 204. */
  assertNoContent(): this {
    return this.assertStatus(204);
  }

  /** It has status 400. */
  assertBadRequest(): this {
    return this.assertStatus(400);
  }

  /** It has status 401. */
  assertUnauthorized(): this {
    return this.assertStatus(401);
  }

  /** It has status 403. */
  assertForbidden(): this {
    return this.assertStatus(403);
  }

  /** It has status 404. */
  assertNotFound(): this {
    return this.assertStatus(404);
  }

  /** It has status 409. */
  assertConflict(): this {
    return this.assertStatus(409);
  }

  /** It has status 422. */
  assertUnprocessable(): this {
    return this.assertStatus(422);
  }

  /** It has status 429. */
  assertTooManyRequests(): this {
    return this.assertStatus(429);
  }

  /** It is JSON that holds this: objects may have more keys, lists no more elements. */
  assertJson(expected: unknown): this {
    return this.check((answer) => json.partialJsonProblem(answer, expected));
  }

  /** It is JSON that is this and no more, in whatever order of keys. */
  assertExactJson(expected: unknown): this {
    return this.check((answer) => json.exactJsonProblem(answer, expected));
  }

  /** Its JSON has this at a path, `data.0.title`, or there what fits a test. */
  assertJsonPath<T>(path: string, test: (value: T) => boolean): this;
  assertJsonPath(path: string, expected: unknown): this;
  assertJsonPath(path: string, expected: unknown): this {
    return this.check((answer) => json.jsonPathProblem(answer, path, expected));
  }

  /** Its JSON has nothing at a path. */
  assertJsonMissingPath(path: string): this {
    return this.check((answer) => json.missingJsonPathProblem(answer, path));
  }

  /** Its JSON is a list of so many elements, or has one at a path. */
  assertJsonCount(count: number, path = ''): this {
    return this.check((answer) => json.jsonCountProblem(answer, count, path));
  }

  /** Its JSON has these keys: `['id', { tags: { '*': ['name'] } }]`. It may have more. */
  assertJsonStructure(structure: JsonStructure): this {
    return this.check((answer) => json.jsonStructureProblem(answer, structure));
  }

  /** Its JSON says what is wrong with these fields: `['email']`, or `{ email: 'invalid' }` with a part of the text. */
  assertJsonValidationErrors(expected: ExpectedErrors): this {
    return this.check((answer) => json.jsonErrorsProblem(answer, expected));
  }

  /** Its JSON says of these fields, or of all, that nothing is wrong with them. */
  assertJsonMissingValidationErrors(...fields: readonly string[]): this {
    return this.check((answer) => json.missingJsonErrorsProblem(answer, fields));
  }

  /** It has a header, with this value. */
  assertHeader(name: string, expected?: string | RegExp): this {
    return this.check((answer) => head.headerProblem(answer, name, expected));
  }

  /** It has no such header. */
  assertHeaderMissing(name: string): this {
    return this.check((answer) => head.missingHeaderProblem(answer, name));
  }

  /** It sets a cookie that the application would believe, with this value. */
  assertCookie(name: string, expected?: string): this {
    return this.check((answer) => head.cookieProblem(answer, name, expected, false));
  }

  /** It sets a cookie, with this value as scripts read it: one that is set `plain`. */
  assertPlainCookie(name: string, expected?: string): this {
    return this.check((answer) => head.cookieProblem(answer, name, expected, true));
  }

  /** It has the browser forget a cookie. */
  assertCookieExpired(name: string): this {
    return this.check((answer) => head.endedCookieProblem(answer, name));
  }

  /** It neither sets nor ends a cookie. */
  assertCookieMissing(name: string): this {
    return this.check((answer) => head.missingCookieProblem(answer, name));
  }

  /** It sends elsewhere: to a path, which may stand below the tenant's, or to a whole address. */
  assertRedirect(target?: string): this {
    return this.check((answer) => head.redirectProblem(answer, target));
  }

  /** It sends to a named route. @throws E_ROUTE_INVALID for an unknown name */
  assertRedirectToRoute<N extends RouteName>(name: N, ...parameters: UrlArguments<N>): this {
    return this.check((answer) =>
      head.redirectProblem(answer, answer.routeUrl(name, ...parameters)),
    );
  }

  /** It is a file to be saved, of this name. */
  assertDownload(name?: string): this {
    return this.check((answer) => head.downloadProblem(answer, name));
  }

  /** It shows these texts; in HTML as a template escapes them. */
  assertSee(...texts: readonly string[]): this {
    return this.check((answer) => text.seenProblem(answer, texts));
  }

  /** It shows none of these texts. */
  assertDontSee(...texts: readonly string[]): this {
    return this.check((answer) => text.unseenProblem(answer, texts));
  }

  /** It shows these texts one after the other. */
  assertSeeInOrder(...texts: readonly string[]): this {
    return this.check((answer) => text.orderProblem(answer, texts));
  }

  /** The session holds a value after it: this one, or one that fits a test, or whichever. What was flashed is there for the next request. */
  assertSessionHas<T>(key: string, test: (value: T) => boolean): this;
  assertSessionHas(key: string, ...expected: readonly [value?: unknown]): this;
  assertSessionHas(key: string, ...expected: readonly [value?: unknown]): this {
    return this.check((answer) => session.heldProblem(answer, key, expected));
  }

  /** The session holds no such value after it. */
  assertSessionMissing(key: string): this {
    return this.check((answer) => session.notHeldProblem(answer, key));
  }

  /** The session says what is wrong with these fields of a form: `['email']`, or `{ email: 'invalid' }` with a part of the text. */
  assertSessionHasErrors(expected: ExpectedErrors): this {
    return this.check((answer) => session.sessionErrorsProblem(answer, expected));
  }

  /** The session says of these fields, or of all, that nothing is wrong with them. */
  assertSessionHasNoErrors(...fields: readonly string[]): this {
    return this.check((answer) => session.noSessionErrorsProblem(answer, fields));
  }
}

/** Fails a test that an answer does not pass, at the line it was written on. */
export function refuse(problem: string, answer: Answer, lines: readonly string[]): never {
  const error = new Error(`${problem}\n\n${reportOf(answer)}`);
  error.stack = [`${error.name}: ${error.message}`, ...lines].join('\n');
  throw error;
}
