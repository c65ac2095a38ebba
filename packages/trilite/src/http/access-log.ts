import type { Logger } from '../support/logger';
import { loggedPath } from './logged-path';
import type { AnsweredRequest, RequestWatcher } from './request-watch';

/** How requests are logged. */
export interface AccessLogOptions {
  /** Whether lines hold the address of who asked: personal data. */
  readonly ip: boolean;
}

/**
 * Logs a line for each request. All at one level: what failed is logged once, by the error handler, under the same request id.
 *
 * A line holds no query string and no header: they carry tokens.
 */
export function accessLog(logger: Logger, { ip }: AccessLogOptions): RequestWatcher {
  return {
    answered(answered) {
      const line = accessLine(answered);
      logger.info(
        ip ? { ...line, ip: answered.request.ip } : line,
        answered.isAborted ? 'Request aborted' : 'Request answered',
      );
    },
  };
}

function accessLine(answered: AnsweredRequest): Readonly<Record<string, unknown>> {
  const { request, response, route, record, tenantId, isAborted } = answered;
  return {
    requestId: request.id,
    method: request.method,
    path: loggedPath(request),
    route: route?.name ?? route?.path,
    // Nothing may have been sent yet, and then there is no status to tell
    status: response.headersSent ? response.statusCode : undefined,
    durationMs: rounded(answered.durationMs),
    bytes: bytesOf(response.getHeader('Content-Length')),
    tenantId,
    queries: record?.queryCount,
    queryMs: record && rounded(record.queryMs),
    cacheHits: record?.cacheHits,
    cacheMisses: record?.cacheMisses,
    aborted: isAborted || undefined,
  };
}

/** Of a body that is sent in pieces nobody knows the size. */
function bytesOf(length: unknown): number | undefined {
  return length === undefined ? undefined : Number(length);
}

/** To the hundredth of a millisecond. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
