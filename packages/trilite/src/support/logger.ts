import type { LogFn, Logger as PinoLogger } from 'pino';
import { currentTenantId, workLabels } from './scope-holder';

/**
 * The application's logger, `app.logger` or injected: pino's. What is logged in the work of a request, a job or a tenant has its id, as
 * `requestId`, `jobId` and `tenantId`; `child` adds fields of your own to every line.
 *
 * @example
 * import { injectable, Logger } from 'trilite';
 *
 * \@injectable()
 * export class Invoices {
 *   constructor(private readonly logger: Logger) {}
 *
 *   send(order: number) {
 *     this.logger.info({ order }, 'An invoice was sent');
 *   }
 * }
 */
export abstract class Logger {
  /** The lowest level that is written. */
  abstract level: string;
  abstract readonly trace: LogFn;
  abstract readonly debug: LogFn;
  abstract readonly info: LogFn;
  abstract readonly warn: LogFn;
  abstract readonly error: LogFn;
  abstract readonly fatal: LogFn;
  abstract readonly child: PinoLogger['child'];
}

/** How a logger writes. */
export interface LoggerOptions {
  /** Lowest level written. Default: 'info'. */
  readonly level?: string;
  /** 'json' for machines, 'pretty' for a terminal (needs pino-pretty, else json). Default: 'json'. */
  readonly format?: 'json' | 'pretty';
  /** Fields on every line. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * A logger on standard error, so that what a command prints stays clean. Each line has the ids of the work it is part of.
 * Loads pino at its first call.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  // Lazily: most commands never log
  const pino = require('pino') as typeof import('pino');
  const settings = {
    level: options.level ?? 'info',
    base: options.fields ?? {},
    mixin: idsOfWork,
  };
  const pretty = options.format === 'pretty' ? prettyStream() : undefined;
  return pretty === undefined
    ? pino.default(settings, pino.default.destination({ dest: 2, sync: true }))
    : pino.default(settings, pretty);
}

/** For pino to write what a line itself says into: a new one each time. */
function idsOfWork(): Record<string, string> {
  const tenantId = currentTenantId();
  return { ...workLabels(), ...(tenantId !== undefined && { tenantId }) };
}

function prettyStream(): NodeJS.WritableStream | undefined {
  try {
    // An optional peer
    const pretty = require('pino-pretty') as typeof import('pino-pretty');
    return pretty({ destination: 2, sync: true, ignore: 'pid,hostname' });
  } catch {
    return undefined; // pino-pretty is a development dependency: without it, lines stay JSON
  }
}
