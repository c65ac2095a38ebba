import { parseCookie } from 'cookie';
import {
  isPassOf,
  isSecretOf,
  passOf,
  type DownState,
  type Maintenance,
} from '../support/maintenance';
import { ApplicationDownError } from './errors';
import type { Next, Request, Response } from './request';

const COOKIE = 'trilite_maintenance';

/** How long somebody is let in at most: a day's work. */
const PASS_MS = 12 * 3_600_000;

/**
 * Keeps requests out while the application is down for maintenance. It is asked before anything of the application runs, and before anybody
 * asks whose the request is: neither needs to work.
 *
 *     up, or carries the pass ──▶ on
 *     /{secret} ──▶ / with the pass
 *     anything else ──▶ redirect │ the page that was rendered │ 503 by the error handler
 */
export function maintenanceGate(maintenance: Maintenance, hasSecureUrl: boolean) {
  return (request: Request, response: Response, next: Next): unknown => {
    const state = maintenance.state();
    if (state === undefined) return next();
    const pass = parseCookie(request.headers.cookie ?? '')[COOKIE];
    if (pass !== undefined && isPassOf(state, pass)) return next();
    response.setHeader('Cache-Control', 'no-store');
    if (request.method === 'GET' && isSecretOf(state, lastOf(request.path))) {
      return letIn(state, hasSecureUrl || request.secure, { request, response });
    }
    return refuse(state, request, response);
  };
}

function letIn(
  state: DownState,
  secure: boolean,
  { request, response }: { readonly request: Request; readonly response: Response },
): void {
  // What is logged of the request: it would tell the secret
  Object.assign(request, { originalUrl: '/[secret]' });
  const options = { httpOnly: true, sameSite: 'lax', secure, maxAge: PASS_MS, path: '/' } as const;
  response.cookie(COOKIE, passOf(state) ?? '', options);
  response.redirect(302, '/');
}

function refuse(state: DownState, request: Request, response: Response): void {
  const { redirect, page, refreshSeconds, retryAfterSeconds, status } = state;
  if (redirect !== undefined && request.path !== redirect) {
    response.redirect(302, redirect);
    return;
  }
  if (refreshSeconds !== undefined) response.setHeader('Refresh', String(refreshSeconds));
  if (page === undefined || request.accepts(['json', 'html']) !== 'html') {
    throw ApplicationDownError.with({ status, retryAfterSeconds });
  }
  if (retryAfterSeconds !== undefined) {
    response.setHeader('Retry-After', String(retryAfterSeconds));
  }
  response.status(status).type('html').send(page);
}

/** The path without its slash, decoded where that can be done. */
function lastOf(path: string): string {
  try {
    return decodeURIComponent(path.slice(1));
  } catch {
    return '';
  }
}
