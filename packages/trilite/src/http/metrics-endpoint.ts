import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppSettings } from '../config/schema';
import { isSameSignature } from '../support/app-key';

/** Where metrics are asked for, and who may. */
export type MetricsSettings = Exclude<AppSettings['http']['metrics'], false>;

/** What is answered. */
export type MetricsText = () => Promise<{ readonly type: string; readonly body: string }>;

const LOOPBACK = /^(?:(?:::ffff:)?127\.\d+\.\d+\.\d+|::1)$/;

/** The same as whom a request is for. */
const LOOPBACK_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;

/** What a proxy says of whom it asks for. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** Answers with metrics. For whoever may not see them, nothing is there: the request goes on to the routes. */
export function metricsEndpoint({ token }: Pick<MetricsSettings, 'token'>, text: MetricsText) {
  return async (
    request: IncomingMessage,
    response: ServerResponse,
    next: () => void,
  ): Promise<void> => {
    if (!(token === undefined ? isFromHere(request) : hasToken(request, token))) return next();
    const { type, body } = await text();
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Content-Type', type);
    response.end(body);
  };
}

/**
 * Whether somebody on this machine asks, by the connection itself: headers are anybody's to write. A proxy on this machine asks for others:
 * it is told from what it says of them, or from the site that they ask for where it passes that on. One that does neither looks as
 * Prometheus does; behind it there has to be a token.
 */
function isFromHere({ socket, headers }: IncomingMessage): boolean {
  return (
    LOOPBACK.test(socket.remoteAddress ?? '') &&
    LOOPBACK_HOST.test(headers.host ?? '') &&
    !FORWARDED.some((name) => headers[name] !== undefined)
  );
}

function hasToken({ headers }: IncomingMessage, token: string): boolean {
  const [, given] = /^Bearer +(.+)$/i.exec(headers.authorization ?? '') ?? [];
  return given !== undefined && isSameSignature(given, token);
}
