import { STATUS_CODES } from 'node:http';
import { FrameworkError, messageOf, toError } from '../support/errors';
import type { Logger } from '../support/logger';
import type { SafeHtml } from '../view/html';
import { forgetContent } from './content-headers';
import { errorPage, errorStyle, type ErrorPageFacts } from './error-page';
import { ClosedError, MethodNotAllowedError, RequestInvalidError } from './errors';
import { loggedPath } from './logged-path';
import { previousPath } from './redirect-back';
import { noteFailure } from './request-failure';
import { workOf } from './request-work';
import { sessionOf } from './session/request-session';
import { InputInvalidError } from './validation/errors';
import type { Next, Request, Response } from './request';
import type { ErrorView } from './views/error-views';

/** What the error handler needs to know. */
export interface ErrorHandlerOptions {
  /** Whether answers show messages, help, stacks and queries of 5xx errors. */
  readonly debug: boolean;
  /** The application's folder: of nothing else the source is shown. */
  readonly basePath: string;
  readonly logger: Logger;
  /** The application's own pages, which stand in for the plain one outside debug mode. */
  readonly view?: ErrorView | undefined;
}

/**
 * Answers a request that failed: problem JSON or a page, by the request's Accept header. What a person may not know (5xx outside debug mode)
 * is in the log alone, under the request's id.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function errorHandler(options: ErrorHandlerOptions) {
  const handle = (thrown: unknown, request: Request, response: Response): void => {
    const error = understand(thrown);
    noteFailure(request, error);
    const status = error instanceof FrameworkError ? error.status : 500;
    const failure: Failure = { error, status, isFault: isFault(error, status) };
    if (failure.isFault) {
      options.logger.error(
        { requestId: request.id, method: request.method, path: loggedPath(request), err: error },
        error.message,
      );
    }
    if (response.headersSent) return breakOff(response);
    const range = response.get('Content-Range');
    forgetContent(response);
    if (status === 416 && range !== undefined) response.setHeader('Content-Range', range);
    if (error instanceof MethodNotAllowedError) {
      response.setHeader('Allow', error.allowed.join(', '));
    }
    if (error instanceof ClosedError && error.retryAfterSeconds !== undefined) {
      response.setHeader('Retry-After', String(error.retryAfterSeconds));
    }
    if (error instanceof InputInvalidError && backToForm(error, request, response)) return;
    response.status(status);
    respond(failure, options, request, response);
  };
  // By its four parameters express knows a handler of errors
  return (thrown: unknown, request: Request, response: Response, _next: Next): void => {
    try {
      handle(thrown, request, response);
    } catch (error) {
      options.logger.error({ requestId: request.id, err: error }, 'An error could not be answered');
      answerPlainly(request, response);
    }
  };
}

/** Half an answer is out already: all that is left is to end the connection, so that it does not look whole. What was sent leaves before. */
function breakOff(response: Response): void {
  if (!response.writableEnded) setImmediate(() => response.destroy());
}

/** What is left when an error breaks even its own answer: its getters throw, or it is none at all. */
function answerPlainly(request: Request, response: Response): void {
  if (response.headersSent) return void response.destroy();
  response.statusCode = 500;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(`Internal Server Error. Request ${request.id}`);
}

/** An error, and how it is answered. */
interface Failure {
  readonly error: Error;
  readonly status: number;
  /** Whether somebody has to look after it. */
  readonly isFault: boolean;
}

function respond(
  failure: Failure,
  { debug, basePath, view }: ErrorHandlerOptions,
  request: Request,
  response: Response,
): void {
  const { error } = failure;
  const facts = factsOf(failure, debug, request.id);
  const isShown = debug && failure.isFault;
  if (prefersHtml(request)) {
    const page = (isShown && developmentPage(failure, request, basePath)) || plainPage(facts);
    return sendPage(page, debug ? undefined : view?.(facts, request, response), response);
  }
  const errors = error instanceof InputInvalidError ? error.errors : undefined;
  const stack = isShown ? error.stack?.split('\n') : undefined;
  const queries = isShown ? workOf(request)?.record?.queries : undefined;
  response
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', ...facts, errors, stack, queries }));
}

/** What may be told. Of a fault that is nothing but its id, unless somebody develops. */
function factsOf({ error, status, isFault }: Failure, debug: boolean, requestId: string) {
  const isOpen = debug || !isFault;
  const ofFramework = error instanceof FrameworkError ? error : undefined;
  return {
    status,
    title: STATUS_CODES[status] ?? 'Error',
    detail: isOpen
      ? messageOf(error)
      : 'Something went wrong here. The log knows more under this request id.',
    requestId,
    code: isOpen ? ofFramework?.code : undefined,
    help: debug ? ofFramework?.help : undefined,
  };
}

interface Page {
  readonly html: SafeHtml;
  /** What a browser takes from it. */
  readonly policy: string;
}

function plainPage(facts: ErrorPageFacts): Page {
  return { html: errorPage(facts), policy: errorStyle.policy };
}

/** Undefined when it cannot be made: an error that breaks its own page is still to be answered. */
function developmentPage(
  { error, status }: Failure,
  request: Request,
  basePath: string,
): Page | undefined {
  try {
    // Nobody needs it but who develops
    const { debugFacts } = require('./debug/debug-facts') as typeof import('./debug/debug-facts');
    const { debugPage, debugStyle } =
      require('./debug/debug-page') as typeof import('./debug/debug-page');
    const html = debugPage(status, debugFacts(error, request, basePath));
    return { html, policy: debugStyle.policy };
  } catch {
    return undefined;
  }
}

/** Sends the application's own page where it has one, at once where it has none. */
function sendPage(
  ours: Page,
  own: Promise<string | undefined> | undefined,
  response: Response,
): void {
  const send = (page: string | undefined): void => {
    if (response.headersSent) return;
    if (page === undefined) response.setHeader('Content-Security-Policy', ours.policy);
    response.type('html').send(page ?? ours.html.toString());
  };
  if (own === undefined) send(undefined);
  else void own.then(send);
}

/**
 * Sends whoever filled a form in a page back to it: what they typed and what is wrong with it are in their session. Tells whether it did: without a
 * session, and for what is no form, the error itself is answered.
 */
function backToForm(error: InputInvalidError, request: Request, response: Response): boolean {
  const session = sessionOf(request);
  if (session === undefined || isRead(request) || !prefersHtml(request)) return false;
  session.flashInput(request.body);
  session.flashErrors(error.errors);
  response.redirect(303, previousPath(request));
  return true;
}

/** Sent back, it might come again for ever. */
function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** What somebody has to look after: what is closed on purpose is no fault, and its callers may fill no log. */
function isFault(error: Error, status: number): boolean {
  return status >= 500 && !(error instanceof ClosedError);
}

/** Whether who asks is a person with a browser: pages for them, JSON for programs. */
export function prefersHtml(request: Request): boolean {
  return request.accepts(['json', 'html']) === 'html';
}

/**
 * Errors of express and its body parsers say by `expose` that their message is meant to be seen; everything else is ours, or a fault. A
 * status alone says nothing: the errors of HTTP clients have one too.
 */
function understand(thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof FrameworkError) return error;
  const { status, expose, name } = error as { status?: unknown; expose?: unknown; name?: unknown };
  const isClients = Number.isInteger(status) && Number(status) >= 400 && Number(status) < 500;
  const isMeantToBeSeen = expose === true || name === 'URIError';
  if (isClients && isMeantToBeSeen) {
    return RequestInvalidError.because(error.message, Number(status), error);
  }
  return error;
}
