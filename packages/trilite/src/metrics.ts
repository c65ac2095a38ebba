import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Witness } from './happenings';
import type { AnsweredRequest, RequestWatcher } from './http/request-watch';
import type { QueueRegistry } from './queue/queue-registry';

/** From a millisecond to ten seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is looked up at each scrape. */
export interface MetricSources {
  /** The application's own. */
  readonly queues: () => QueueRegistry;
  /** Connections to files of tenants that are open now. */
  readonly openTenantConnections: () => number;
}

/** What is counted. */
interface Instruments {
  readonly registry: Registry;
  readonly requests: Histogram<'method' | 'route' | 'status'>;
  readonly inFlight: Gauge;
  readonly queries: Counter<'connection'>;
  readonly querySeconds: Counter<'connection'>;
  readonly lockWaits: Histogram<'connection'>;
  readonly cacheReads: Counter<'store' | 'result'>;
  readonly jobs: Counter<'queue' | 'outcome'>;
}

/**
 * Counts what this process does, in the words of Prometheus. Nothing is loaded or counted before `start`: most workers are not asked.
 *
 * No label is what a visitor or a tenant chooses, or their number would grow without bounds: routes by their pattern, tenants not at all.
 *
 * @see https://prometheus.io/docs/practices/naming/
 */
export class Metrics {
  readonly #sources: MetricSources;
  #instruments: Instruments | undefined;

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  /** Begins to count. */
  start(): void {
    this.#instruments ??= createInstruments(this.#sources);
  }

  /** What was counted, as Prometheus reads it. */
  async text(): Promise<{ readonly type: string; readonly body: string }> {
    this.start();
    const { registry } = this.#instruments as Instruments;
    return { type: registry.contentType, body: await registry.metrics() };
  }

  readonly watcher: RequestWatcher = {
    begun: () => this.#instruments?.inFlight.inc(),
    answered: (answered) => {
      this.#instruments?.inFlight.dec();
      this.#instruments?.requests.observe(labelsOf(answered), answered.durationMs / 1000);
    },
  };

  readonly witness: Required<Witness> = {
    query: ({ connection, durationMs, waitedMs }) => {
      this.#instruments?.queries.inc({ connection });
      this.#instruments?.querySeconds.inc({ connection }, (durationMs + waitedMs) / 1000);
    },
    lockWait: ({ connection, waitedMs }) => {
      this.#instruments?.lockWaits.observe({ connection }, waitedMs / 1000);
    },
    cache: (event) => {
      if (event.kind !== 'hit' && event.kind !== 'miss') return;
      this.#instruments?.cacheReads.inc({ store: event.store, result: event.kind });
    },
    queue: (event) => {
      if (event.kind !== 'done' && event.kind !== 'failed' && event.kind !== 'retry') return;
      this.#instruments?.jobs.inc({ queue: event.job.queue, outcome: event.kind });
    },
  };
}

function labelsOf({ request, response, route, isAborted }: AnsweredRequest) {
  return {
    method: request.method,
    route: route?.path ?? 'none',
    status: isAborted ? 'aborted' : String(response.statusCode),
  };
}

function createInstruments(sources: MetricSources): Instruments {
  // It takes 50 ms to load, and few applications ask for it
  const prom = require('prom-client') as typeof import('prom-client');
  // Not the one that all of a process share: an application may have company there, in tests above all
  const registry = new prom.Registry();
  const registers = [registry];
  prom.collectDefaultMetrics({ register: registry });
  addGauges(prom, registers, sources);
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new prom.Counter({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new prom.Histogram({ name, help, labelNames, registers, buckets: BUCKETS });
  return {
    registry,
    requests: histogram(
      'trilite_http_request_duration_seconds',
      'How long requests took until their response was closed',
      'method',
      'route',
      'status',
    ),
    inFlight: new prom.Gauge({
      name: 'trilite_http_requests_in_flight',
      help: 'Requests whose response is not closed yet',
      registers,
    }),
    queries: counter('trilite_queries_total', 'Queries through Database', 'connection'),
    querySeconds: counter('trilite_query_seconds_total', 'Time of queries and waits', 'connection'),
    lockWaits: histogram(
      'trilite_lock_wait_seconds',
      'How long connections waited for a lock of SQLite that somebody else held',
      'connection',
    ),
    cacheReads: counter(
      'trilite_cache_reads_total',
      'Reads of caches, by whether the key was there',
      'store',
      'result',
    ),
    jobs: counter(
      'trilite_jobs_total',
      'Runs of jobs in this process that are done, failed for good, or are tried again',
      'queue',
      'outcome',
    ),
  };
}

/** What stands somewhere, and is read when somebody asks. */
function addGauges(
  prom: typeof import('prom-client'),
  registers: Registry[],
  { queues, openTenantConnections }: MetricSources,
): void {
  new prom.Gauge({
    name: 'trilite_queue_jobs',
    help: 'Jobs in the queues of the application itself, whoever runs them',
    labelNames: ['connection', 'queue', 'state'],
    registers,
    async collect() {
      this.reset(); // a queue that is empty may not be known any more
      for (const connection of queues().names) await collectQueues(this, connection, queues());
    },
  });
  new prom.Gauge({
    name: 'trilite_tenant_connections_open',
    help: 'Connections to files of tenants that are open now',
    registers,
    collect() {
      this.set(openTenantConnections());
    },
  });
}

async function collectQueues(
  gauge: Gauge<'connection' | 'queue' | 'state'>,
  connection: string,
  queues: QueueRegistry,
): Promise<void> {
  try {
    for (const { queue, ready, delayed, running, failed } of await queues
      .store(connection)
      .status()) {
      for (const [state, jobs] of Object.entries({ ready, delayed, running, failed })) {
        gauge.set({ connection, queue, state }, jobs);
      }
    }
  } catch {
    // One that does not answer is missing from this scrape, and takes no other figure with it; /up names it
  }
}
