import { parseCookie } from 'cookie';
import {
  isPassOf,
  isSecretOf,
  passOf,
  type DownState,
  type Maintenance,
} from '../support/maintenance';
import { prefersHtml } from './error-handler';
import { ApplicationDownError } from './errors';
import { isOfHost } from './origin';
import type { Next, Request, Response } from './request';

const COOKIE = 'trilite_maintenance';

/** How long somebody is let in at most: a day's work. */
const PASS_MS = 12 * 3_600_000;

/**
 * Keeps requests out while the application is down for maintenance. It is asked before anything of the application runs, and before anybody
 * asks whose the request is: neither needs to work.
 *
 *     up ──▶ on
 *     /{secret} ──▶ / with the pass
 *     carries the pass ──▶ on
 *     anything else ──▶ redirect │ the page that was rendered │ 503 by the error handler
 */
export function maintenanceGate(maintenance: Maintenance, hasSecureUrl: boolean) {
  return (request: Request, response: Response, next: Next): unknown => {
    const state = maintenance.state();
    if (state === undefined) return next();
    const parts = decoded(request.path).split('/').filter(Boolean);
    const tellsSecret = parts.some((part) => isSecretOf(state, part));
    // What is logged of the request, whatever becomes of it
    if (tellsSecret) Object.assign(request, { originalUrl: '/[secret]' });
    const asksForPass = tellsSecret && parts.length === 1 && request.method === 'GET';
    const pass = parseCookie(request.headers.cookie ?? '')[COOKIE];
    if (!asksForPass && pass !== undefined && isPassOf(state, pass)) return next();
    response.setHeader('Cache-Control', 'no-store');
    if (asksForPass) {
      return letIn(state, hasSecureUrl || request.secure, response);
    }
    return refuse(state, request, response);
  };
}

function letIn(state: DownState, secure: boolean, response: Response): void {
  const options = { httpOnly: true, sameSite: 'lax', secure, maxAge: PASS_MS, path: '/' } as const;
  response.cookie(COOKIE, passOf(state) ?? '', options);
  response.redirect(302, '/');
}

function refuse(state: DownState, request: Request, response: Response): void {
  const { redirect, page, refreshSeconds, retryAfterSeconds, status } = state;
  if (redirect !== undefined && !isFor(redirect, request)) {
    response.redirect(302, redirect);
    return;
  }
  if (refreshSeconds !== undefined) response.setHeader('Refresh', String(refreshSeconds));
  if (page === undefined || !prefersHtml(request)) {
    throw ApplicationDownError.with({ status, retryAfterSeconds });
  }
  if (retryAfterSeconds !== undefined) {
    response.setHeader('Retry-After', String(retryAfterSeconds));
  }
  response.status(status).type('html').send(page);
}

const HERE = 'http://here.invalid';

/** Whether a request is for the place where requests are sent, however either is written: it would be sent there forever. */
function isFor(redirect: string, request: Request): boolean {
  const { pathname } = new URL(redirect, HERE);
  const isHere = redirect.startsWith('/') || isOfHost(redirect, request);
  return isHere && decoded(pathname) === decoded(request.path);
}

/** A path as it is meant, or as it is written where that cannot be told. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
