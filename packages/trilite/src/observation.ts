import type { Config } from './config/load-config';
import type { Witness } from './happenings';
import { accessLog } from './http/access-log';
import type { RequestWatcher } from './http/request-watch';
import { Metrics, type MetricSources } from './metrics';
import type { QueueRegistry } from './queue/queue-registry';
import type { Logger } from './support/logger';
import { currentRecord } from './support/work-record';

/** Who looks at the work of an application beside it: its access log, its error pages in debug mode, its metrics. */
export interface Observation {
  /** Told of what happens in the work it happens in; undefined where nobody asks, and nothing is spent on it. */
  readonly witness: Witness | undefined;
  readonly watchers: readonly RequestWatcher[];
  /** What is kept of what each request asks of databases and caches. */
  readonly records: 'nothing' | 'counts' | 'queries';
  readonly metrics: Metrics | undefined;
}

/** What is looked at. Its queues are asked for late: there are none yet while it is being made. */
interface Observed {
  readonly config: Config;
  readonly logger: Logger;
  readonly queues: QueueRegistry;
}

/** Who looks at an application, by what its files say. */
export function observe(
  app: Observed,
  openTenantConnections: MetricSources['openTenantConnections'],
): Observation {
  const { config, logger } = app;
  const { access } = config.logging;
  const metrics =
    config.app.http.metrics === false
      ? undefined
      : new Metrics({ queues: () => app.queues, openTenantConnections });
  const records = config.app.debug ? 'queries' : access !== false ? 'counts' : 'nothing';
  return {
    records,
    metrics,
    watchers: [
      ...(access === false ? [] : [accessLog(logger, access)]),
      ...(metrics === undefined ? [] : [metrics.watcher]),
    ],
    witness: both(records === 'nothing' ? undefined : recorder, metrics?.witness),
  };
}

/** One witness for two: of what the first one hears the second one hears too. */
function both(first: typeof recorder | undefined, second: Required<Witness> | undefined) {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    ...second,
    query: (event) => {
      first.query(event);
      second.query(event);
    },
    cache: (event) => {
      first.cache(event);
      second.cache(event);
    },
  } satisfies Witness;
}

/** Adds to the record of the current work. */
const recorder: Required<Pick<Witness, 'query' | 'cache'>> = {
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
