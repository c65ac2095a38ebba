import type { Duration } from '../support/duration';
import type { EventClass, EventClasses } from './event';

/** How a queued listener is run; what is left out is as of any job. */
export interface ListenerQueueOptions {
  /** The queue connection its jobs go to. Default: the default one. */
  readonly connection?: string;
  /** Default: 'default'. */
  readonly queue?: string;
  /** How long a job waits before it is due. Default: not at all. */
  readonly delay?: Duration;
  /** Higher comes first within a queue. Default: 0. */
  readonly priority?: number;
  /** Runs before it has failed; 0 is unlimited. Default: the worker's. */
  readonly tries?: number;
  /** Pause before the run that follows a failed one: one for all, or one for each. Default: the worker's. */
  readonly backoff?: Duration | readonly Duration[];
  /** How long a run may take; 0 is unlimited. Default: the worker's. */
  readonly timeout?: Duration;
}

/**
 * Hears of events of the classes in `static listensTo`. Made anew for each event by the container of whoever the event was dispatched for.
 *
 * @example
 * import { CacheRepository, injectable, type Listener, type ListensTo } from 'trilite';
 *
 * class OrderPlaced {
 *   constructor(readonly id: number) {}
 * }
 *
 * \@injectable()
 * export class ForgetTotals implements Listener<OrderPlaced> {
 *   static readonly listensTo: ListensTo<ForgetTotals> = OrderPlaced;
 *
 *   constructor(private readonly cache: CacheRepository) {}
 *
 *   async handle(event: OrderPlaced): Promise<void> {
 *     await this.cache.forget(`total:${event.id}`);
 *   }
 * }
 */
export interface Listener<E extends object> {
  handle(event: E): unknown;
  /** Of a queued one: called on a new instance once its job has failed for good. */
  failed?(error: Error, event: E): unknown;
}

/** What a listener may listen to: classes of the events that its `handle` takes; any, where that takes none. */
export type ListensTo<L extends Listener<never>> = EventClasses<
  Parameters<L['handle']> extends [infer E extends object, ...unknown[]] ? E : object
>;

/** When and where listeners of a class are called. */
export interface ListenerRules {
  /** Whether it runs as a job, or how. Default: false, where the event is dispatched. */
  readonly queue?: boolean | ListenerQueueOptions;
  /** Whether it waits for the transaction that the event is dispatched in, and is not called when that is rolled back. Default: false. */
  readonly afterCommit?: boolean;
  /** Of a queued one: the name its jobs are stored under. Default: the class name. */
  readonly jobName?: string;
  /** Of a queued one: names of the past, under which jobs of it may still be stored. */
  readonly aliases?: readonly string[];
}

/** A listener's class. */
export interface ListenerClass extends ListenerRules {
  new (...dependencies: never[]): Listener<never>;
  readonly listensTo: EventClasses;
}

/** Registers a method of a subscriber for a class of events; one that takes other events does not compile. */
export type Subscribe<S extends object> = <E extends object>(
  event: EventClass<E>,
  method: { [K in keyof S]: S[K] extends (event: E) => unknown ? K : never }[keyof S] & string,
) => void;

/**
 * A class with several listeners, each a method that its `static subscribe` names. Made anew for each event, as listeners are.
 *
 * @example
 * import type { Subscribe } from 'trilite';
 *
 * class OrderPlaced {}
 * class OrderCancelled {}
 *
 * export class OrderLog {
 *   static subscribe(on: Subscribe<OrderLog>): void {
 *     on(OrderPlaced, 'placed');
 *     on(OrderCancelled, 'cancelled');
 *   }
 *
 *   placed(event: OrderPlaced): void {}
 *   cancelled(event: OrderCancelled): void {}
 * }
 */
export interface SubscriberClass extends ListenerRules {
  new (...dependencies: never[]): object;
  subscribe(on: never): void;
}

/** Whether something a file of app/listeners exports is to be registered: a class with `handle`, or with `static subscribe`. */
export function isListener(value: unknown): value is ListenerClass | SubscriberClass {
  if (typeof value !== 'function') return false;
  const { handle } = (value.prototype ?? {}) as { readonly handle?: unknown };
  return typeof handle === 'function' || isSubscriber(value);
}

/** Whether a class names its methods by `static subscribe`. */
export function isSubscriber(type: object): type is SubscriberClass {
  return 'subscribe' in type && typeof type.subscribe === 'function';
}
