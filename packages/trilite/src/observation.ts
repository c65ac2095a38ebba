import type { Config } from './config/load-config';
import type { Witness } from './happenings';
import { accessLog } from './http/access-log';
import type { RequestWatcher } from './http/request-watch';
import type { Logger } from './support/logger';
import { currentRecord } from './support/work-record';

/** Who looks at the work of an application beside it: its access log, its error pages in debug mode. */
export interface Observation {
  /** Told of what happens in the work it happens in; undefined where nobody asks, and nothing is spent on it. */
  readonly witness: Witness | undefined;
  readonly watchers: readonly RequestWatcher[];
  /** What is kept of what each request asks of databases and caches. */
  readonly records: 'nothing' | 'counts' | 'queries';
}

/** Who looks at an application, by what its files say. */
export function observe(config: Pick<Config, 'app' | 'logging'>, logger: Logger): Observation {
  const { access, level } = config.logging;
  const isLogged = access !== false && ['trace', 'debug', 'info'].includes(level);
  const watchers = isLogged ? [accessLog(logger, access)] : [];
  const records = config.app.debug ? 'queries' : isLogged ? 'counts' : 'nothing';
  return { watchers, records, witness: records === 'nothing' ? undefined : recorder };
}

/** Adds to the record of the current work. */
const recorder: Witness = {
  query({ connection, sql, parameters, durationMs, waitedMs, rows, error }) {
    currentRecord()?.addQuery(durationMs + waitedMs, () => ({
      connection,
      sql,
      bindings: parameters.length,
      durationMs,
      waitedMs,
      rows,
      hasFailed: error !== undefined,
    }));
  },
  cache({ kind }) {
    if (kind === 'hit' || kind === 'miss') currentRecord()?.addCacheRead(kind === 'hit');
  },
};
