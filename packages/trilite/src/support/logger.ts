import type { Logger as PinoLogger } from 'pino';
import { currentScope } from './scope-holder';

/** A structured logger; `child` adds fields to every line. */
export type Logger = Pick<
  PinoLogger,
  'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child' | 'level'
>;

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
 * A logger on standard error, so that what a command prints stays clean. A line that is logged in the work of a tenant has its id as `tenantId`.
 * Loads pino at its first call.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  // Lazily: most commands never log
  const pino = require('pino') as typeof import('pino');
  const settings = {
    level: options.level ?? 'info',
    base: options.fields ?? {},
    mixin: tenantFields,
  };
  const pretty = options.format === 'pretty' ? prettyStream() : undefined;
  return pretty === undefined
    ? pino.default(settings, pino.default.destination({ dest: 2, sync: true }))
    : pino.default(settings, pretty);
}

/** For pino to write what a line itself says into: a new one each time. */
function tenantFields(): { tenantId?: string } {
  const scope = currentScope();
  return scope?.kind === 'tenant' ? { tenantId: scope.tenantId } : {};
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
