import { STATUS_CODES } from 'node:http';
import { inspect } from 'node:util';
import { FrameworkError, toError } from '../support/errors';
import type { Logger } from '../support/logger';
import { errorPage } from './error-page';
import { MethodNotAllowedError, RequestInvalidError, TenantUnavailableError } from './errors';
import { previousPath } from './redirect-back';
import { sessionOf } from './session/request-session';
import { InputInvalidError } from './validation/errors';
import type { Next, Request, Response } from './request';

/** What the error handler needs to know. */
export interface ErrorHandlerOptions {
  /** Whether answers show messages, help and stacks of 5xx errors. */
  readonly debug: boolean;
  readonly logger: Logger;
}

/**
 * Answers a request that failed: problem JSON or a page, by the request's Accept header. What a person may not know (5xx outside debug mode)
 * is in the log alone, under the request's id.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function errorHandler({ debug, logger }: ErrorHandlerOptions) {
  return (thrown: unknown, request: Request, response: Response, next: Next): void => {
    const error = understand(thrown);
    const status = error instanceof FrameworkError ? error.status : 500;
    if (isFault(error, status)) {
      logger.error(
        { requestId: request.id, method: request.method, url: request.originalUrl, err: error },
        error.message,
      );
    }
    // Half an answer is out already: all that is left is to end the connection, which express does.
    if (response.headersSent) return next(error);
    if (error instanceof MethodNotAllowedError) {
      response.setHeader('Allow', error.allowed.join(', '));
    }
    if (error instanceof TenantUnavailableError && error.retryAfterSeconds !== undefined) {
      response.setHeader('Retry-After', String(error.retryAfterSeconds));
    }
    if (error instanceof InputInvalidError && backToForm(error, request, response)) return;
    response.status(status);
    respond(error, status, debug, request, response);
  };
}

function respond(
  error: Error,
  status: number,
  debug: boolean,
  request: Request,
  response: Response,
): void {
  const title = STATUS_CODES[status] ?? 'Error';
  const isOpen = debug || !isFault(error, status);
  const detail = isOpen
    ? error.message
    : 'Something went wrong here. The log knows more under this request id.';
  const facts = { status, title, detail, requestId: request.id };
  const help = debug && error instanceof FrameworkError ? error.help : undefined;
  if (prefersHtml(request)) {
    const stack = debug && isFault(error, status) ? inspect(error) : undefined;
    response.type('html').send(errorPage({ ...facts, help, stack }).toString());
    return;
  }
  const code = error instanceof FrameworkError && isOpen ? error.code : undefined;
  const stack = debug && isFault(error, status) ? error.stack?.split('\n') : undefined;
  const errors = error instanceof InputInvalidError ? error.errors : undefined;
  response
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', ...facts, errors, code, help, stack }));
}

/**
 * Sends whoever filled a form in a page back to it: what they typed and what is wrong with it are in their session. Tells whether it did: without a
 * session, and for what is no form, the error itself is answered.
 */
function backToForm(error: InputInvalidError, request: Request, response: Response): boolean {
  const session = sessionOf(request);
  if (session === undefined || request.method === 'GET' || !prefersHtml(request)) return false;
  session.flashInput(request.body);
  session.flashErrors(error.errors);
  response.redirect(303, previousPath(request));
  return true;
}

/** What somebody has to look after: a tenant that is closed on purpose is no fault, and its callers may fill no log. */
function isFault(error: Error, status: number): boolean {
  return status >= 500 && !(error instanceof TenantUnavailableError);
}

function prefersHtml(request: Request): boolean {
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
  const isClients = typeof status === 'number' && status >= 400 && status < 500;
  const isMeantToBeSeen = expose === true || name === 'URIError';
  if (isClients && isMeantToBeSeen) {
    return RequestInvalidError.because(error.message, status, error);
  }
  return error;
}
