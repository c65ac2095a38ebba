import type { CacheEvent, CacheEvents } from './cache/cache-events';
import { outsideSessions } from './database/connection-session';
import type { LockWaitEvent } from './database/connection-wait';
import type { QueryEvent } from './database/query-events';
import type { EventDispatcher } from './events/event-dispatcher';
import { happening, type Happening } from './events/happening';
import type { QueueEvent } from './queue/queue-events';
import type { Resources } from './resources';
import type { Hearer } from './support/listeners';
import { currentScope } from './support/scope-holder';
import type { Scope } from './tenancy/container';
import type { Tenancy } from './tenancy/tenancy';
import type { TenancyEvent } from './tenancy/tenancy-events';

/*
 * What the framework's rooms tell of, as classes of events. Each has the fields of what its room tells; none is made while nobody listens.
 */

/** A query was run. */
export class QueryExecuted extends happening<QueryEvent>() {}
/** A connection waited for a lock of SQLite's, whether it got it or not. */
export class LockWaited extends happening<LockWaitEvent>() {}

/** What a cache tells of one kind. */
type OfCache<K extends CacheEvent['kind']> = CacheEvent & { readonly kind: K };

/** A key was read, and was there. */
export class CacheKeyHit extends happening<OfCache<'hit'>>() {}
/** A key was read, and was not there. */
export class CacheKeyMissed extends happening<OfCache<'miss'>>() {}
/** Keys were written. */
export class CacheKeysWritten extends happening<OfCache<'written'>>() {}
/** Keys were forgotten. */
export class CacheKeysForgotten extends happening<OfCache<'forgotten'>>() {}
/** Keys had to go to make room. */
export class CacheKeysEvicted extends happening<OfCache<'evicted'>>() {}
/** The entries with some tags were cleared. */
export class CacheTagsCleared extends happening<OfCache<'tags-cleared'>>() {}
/** A store was cleared. */
export class CacheCleared extends happening<OfCache<'cleared'>>() {}
/** A store did not answer. */
export class CacheUnavailable extends happening<OfCache<'unavailable'>>() {}
/** A store of a failover list does not answer. */
export class CacheFailedOver extends happening<OfCache<'failed-over'>>() {}
/** A refresh behind a stale value failed. */
export class CacheRefreshFailed extends happening<OfCache<'refresh-failed'>>() {}
/** A damaged or missing file was replaced by a new one. */
export class CacheRecreated extends happening<OfCache<'recreated'>>() {}
/** A lock was taken. */
export class LockAcquired extends happening<OfCache<'lock-acquired'>>() {}
/** A lock was given back. */
export class LockReleased extends happening<OfCache<'lock-released'>>() {}
/** A lock was asked for, and somebody else held it. */
export class LockMissed extends happening<OfCache<'lock-missed'>>() {}

/** What a queue tells of one kind. */
type OfQueue<K extends QueueEvent['kind']> = QueueEvent & { readonly kind: K };

/** A job was dispatched; `kind` tells whether it was stored, took another one's place, or lies with its transaction. */
export class JobQueued extends happening<OfQueue<'dispatched' | 'debounced' | 'outboxed'>>() {}
/** A dispatch was refused: another job holds its unique key. */
export class UniqueJobSkipped extends happening<OfQueue<'duplicate'>>() {}
/** A run of a job begins. */
export class JobProcessing extends happening<OfQueue<'running'>>() {}
/** A job is done. */
export class JobProcessed extends happening<OfQueue<'done'>>() {}
/** A job goes back to its queue without an error. */
export class JobReleased extends happening<OfQueue<'released'>>() {}
/** A run threw, and the job runs again. */
export class JobExceptionOccurred extends happening<OfQueue<'retry'>>() {}
/** A job has failed for good. */
export class JobFailed extends happening<OfQueue<'failed'>>() {}
/** A running job was cancelled. */
export class JobCancelled extends happening<OfQueue<'cancelled'>>() {}
/** Somebody else holds a job that ran here. */
export class JobLost extends happening<OfQueue<'lost'>>() {}
/** A job was taken back from a dead or silent worker. */
export class JobRecovered extends happening<OfQueue<'recovered'>>() {}
/** A worker of this process began. */
export class WorkerStarted extends happening<OfQueue<'worker-started'>>() {}
/** A worker of this process has ended. */
export class WorkerStopped extends happening<OfQueue<'worker-stopped'>>() {}
/** A connection of a failover list does not answer. */
export class QueueFailedOver extends happening<OfQueue<'failed-over'>>() {}
/** A queue is longer than `queue:monitor` allows. */
export class QueueBusy extends happening<OfQueue<'busy'>>() {}

/** A tenant was created, with its files. */
export class TenantCreated extends happening<TenancyEvent>() {}
/** Slug, domains, name, weight, settings or quotas of a tenant were changed. */
export class TenantChanged extends happening<TenancyEvent>() {}
/** A tenant was suspended, resumed, taken down or brought up: `kind` tells which. */
export class TenantStateChanged extends happening<TenancyEvent>() {}
/** A tenant was deleted; its files lie in the trash. */
export class TenantDeleted extends happening<TenancyEvent>() {}
/** A deleted tenant is back. */
export class TenantRestored extends happening<TenancyEvent>() {}
/** A deleted tenant is gone for good. */
export class TenantPurged extends happening<TenancyEvent>() {}

/** A class for each kind that is told of. */
type Kinds<E extends { readonly kind: string }> = {
  readonly [K in E['kind']]?: new (facts: E & { readonly kind: K }) => Happening;
};

const CACHE: Kinds<CacheEvent> = {
  hit: CacheKeyHit,
  miss: CacheKeyMissed,
  written: CacheKeysWritten,
  forgotten: CacheKeysForgotten,
  evicted: CacheKeysEvicted,
  'tags-cleared': CacheTagsCleared,
  cleared: CacheCleared,
  unavailable: CacheUnavailable,
  'failed-over': CacheFailedOver,
  'refresh-failed': CacheRefreshFailed,
  recreated: CacheRecreated,
  'lock-acquired': LockAcquired,
  'lock-released': LockReleased,
  'lock-missed': LockMissed,
};

const QUEUE: Kinds<QueueEvent> = {
  dispatched: JobQueued,
  debounced: JobQueued,
  outboxed: JobQueued,
  duplicate: UniqueJobSkipped,
  running: JobProcessing,
  done: JobProcessed,
  released: JobReleased,
  retry: JobExceptionOccurred,
  failed: JobFailed,
  cancelled: JobCancelled,
  lost: JobLost,
  recovered: JobRecovered,
  'worker-started': WorkerStarted,
  'worker-stopped': WorkerStopped,
  'failed-over': QueueFailedOver,
  busy: QueueBusy,
};

const TENANCY: Kinds<TenancyEvent> = {
  created: TenantCreated,
  changed: TenantChanged,
  suspended: TenantStateChanged,
  resumed: TenantStateChanged,
  down: TenantStateChanged,
  up: TenantStateChanged,
  deleted: TenantDeleted,
  restored: TenantRestored,
  purged: TenantPurged,
};

/** Who is told at once, in the very work something happens in, and before any listener: what counts. */
export interface Witness {
  readonly query?: (event: QueryEvent) => void;
  readonly lockWait?: (event: LockWaitEvent) => void;
  readonly cache?: (event: CacheEvent) => void;
  readonly queue?: (event: QueueEvent) => void;
}

/** Who is told of what happens. */
export interface Audience {
  readonly events: EventDispatcher;
  /** Default: nobody. */
  readonly witness?: Witness | undefined;
}

/** What happens in the connections and queues of a scope is told of in the work it happens in, or else in that scope's. */
export function tellOfResources(audience: Audience, resources: Resources, scope: Scope): void {
  const { connections, queues } = resources;
  const { events, witness } = audience;
  connections.queries.passOn(
    witnessed(
      witness?.query,
      hearer(events, [QueryExecuted], () => QueryExecuted, scope),
    ),
  );
  connections.lockWaits.passOn(
    witnessed(
      witness?.lockWait,
      hearer(events, [LockWaited], () => LockWaited, scope),
    ),
  );
  queues.events.passOn(witnessed(witness?.queue, byKind(events, QUEUE, scope)));
}

/** What there is once. */
export interface Sources {
  readonly central: Resources;
  readonly cacheEvents: CacheEvents;
  readonly tenancy: Tenancy;
}

/** The same of the application's own, and of what there is once: the events of all caches and locks, and of tenants. */
export function tellOfApplication(
  audience: Audience,
  { central, cacheEvents, tenancy }: Sources,
  scope: Scope,
): void {
  const { events, witness } = audience;
  tellOfResources(audience, central, scope);
  cacheEvents.passOn(witnessed(witness?.cache, byKind(events, CACHE, scope)));
  tenancy.events.passOn(byKind(events, TENANCY, scope));
}

function witnessed<E>(witness: ((event: E) => void) | undefined, hearer: Hearer<E>): Hearer<E> {
  if (witness === undefined) return hearer;
  return {
    isHeard: true,
    emit(event) {
      witness(event);
      hearer.emit(event);
    },
  };
}

type HappeningClass<E> = new (facts: E) => Happening;

function byKind<E extends { readonly kind: string }>(
  events: EventDispatcher,
  kinds: Kinds<E>,
  scope: Scope,
): Hearer<E> {
  const classes = kinds as unknown as Readonly<Record<string, HappeningClass<E>>>;
  return hearer(events, Object.values(classes), ({ kind }) => classes[kind], scope);
}

function hearer<E>(
  events: EventDispatcher,
  classes: readonly HappeningClass<E>[],
  choose: (event: E) => HappeningClass<E> | undefined,
  scope: Scope,
): Hearer<E> {
  let isHeard = false;
  let changes = -1;
  return {
    // Asked before each read of a cache: looked up again only when a listener has come or gone
    get isHeard() {
      if (changes !== events.changes) isHeard = classes.some((one) => events.hasListeners(one));
      changes = events.changes;
      return isHeard;
    },
    emit(event) {
      const Type = choose(event);
      if (Type === undefined || !events.hasListeners(Type)) return;
      const tell = (): void => events.tell(new Type(event));
      // Nobody waits for a listener: in the transaction it would come after its end
      outsideSessions(() => (currentScope() === undefined ? scope.run(tell) : tell()));
    },
  };
}
