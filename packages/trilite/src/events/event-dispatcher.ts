import { ContextVariable } from '../support/context-variable';
import { currentTenantId } from '../support/scope-holder';
import { EventUnknownError } from './errors';
import { classOf, namesOf, restoreEvent, type EventClass } from './event';
import type { Happening } from './happening';
import type { Listener, ListenerClass, SubscriberClass } from './listener';
import {
  isQueued,
  subscriptionsOf,
  toList,
  type ClassSubscription,
  type Subscription,
} from './subscription';

/** What the job of a queued listener carries. */
export interface QueuedEvent {
  /** The name of the event's class. */
  readonly event: string;
  /** The event's own fields. */
  readonly fields: object;
  /** The method that is called. */
  readonly method: string;
}

/** Where queued listeners wait for a worker. */
export interface ListenerQueue {
  /** Makes a class known to workers. */
  add(type: ListenerClass | SubscriberClass, calls: QueuedCalls): void;
  /** Stores a job of it, for whoever the current work is for. */
  push(type: ListenerClass | SubscriberClass, event: QueuedEvent): Promise<void>;
}

/** What a worker calls. */
export interface QueuedCalls {
  /** @throws E_EVENT_UNKNOWN and what the listener throws */
  handle(event: QueuedEvent): Promise<void>;
  /** Tells the listener that its job has failed for good. */
  failed(error: Error, event: QueuedEvent): Promise<void>;
}

/** What a dispatcher works with. */
export interface EventDispatcherParts {
  /** Makes a listener for whoever the current work is for. */
  readonly make: <T extends object>(type: new (...dependencies: never[]) => T) => T;
  /** Runs work once the transaction of the current work is committed; at once outside of one. */
  readonly afterCommit: (work: () => Promise<void>) => Promise<void>;
  readonly queue: ListenerQueue;
  /** Told what a listener of a happening threw. */
  readonly onError: (error: unknown) => void;
}

/** What is known of a listener. */
export interface ListenerDescription {
  readonly event: string;
  /** The class, with the method of a subscriber; "Function" for a function. */
  readonly listener: string;
  readonly isQueued: boolean;
  readonly isAfterCommit: boolean;
}

/** The dispatchers whose listeners of happenings the current work is part of */
const telling = new ContextVariable<ReadonlySet<EventDispatcher>>();

/**
 * Tells listeners what happened: those of `app/listeners` in the order of their files, then those registered since. `app.events`, or injected.
 *
 * One for the whole application: each listener is made for whoever the event is dispatched for.
 *
 * @example
 * import { EventDispatcher, injectable, type Request } from 'trilite';
 *
 * class OrderPlaced {
 *   constructor(readonly id: number) {}
 * }
 *
 * \@injectable()
 * export class OrderController {
 *   constructor(private readonly events: EventDispatcher) {}
 *
 *   async store(request: Request) {
 *     await this.events.dispatch(new OrderPlaced(7));
 *   }
 * }
 */
export class EventDispatcher {
  readonly #parts: EventDispatcherParts;
  /** Never changed in place: who is being told of an event goes on with the list it began with. */
  readonly #subscriptions = new Map<EventClass, readonly Subscription[]>();
  readonly #classes = new Set<ListenerClass | SubscriberClass>();
  readonly #told = new Set<Promise<void>>();
  #fake: ((event: object) => boolean) | undefined;
  #changes = 0;

  constructor(parts: EventDispatcherParts) {
    this.#parts = parts;
  }

  /** The classes that were registered. */
  get classes(): readonly (ListenerClass | SubscriberClass)[] {
    return [...this.#classes];
  }

  /** Another number whenever a listener comes or goes. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * Calls the listeners of an event one after the other, and settles when the last one has. What one throws is thrown here, and those after it
   * are not called. Of a queued one the job is stored; one with `afterCommit` is called after the commit.
   *
   * @throws what a listener throws, and as `QueueDispatcher.dispatch` for queued ones
   * @throws TypeError for what is no instance of a class
   */
  async dispatch(event: object): Promise<void> {
    const type = classOf(event);
    if (this.#fake?.(event) === true) return;
    for (const one of this.#of(type)) await this.#begin(one, event);
  }

  /**
   * Has a function called for events of a class, or of several. Registered in the work of a tenant, it hears of that tenant's alone.
   *
   * @returns what takes it away again
   */
  listen<C extends EventClass>(
    events: C | readonly C[],
    listener: (event: InstanceType<C>) => unknown,
  ): () => void {
    const tenantId = currentTenantId();
    const own = toList(events).map((event) => ({ event, listener, tenantId }));
    own.forEach((one) => this.#add(one));
    return () => own.forEach((one) => this.#remove(one));
  }

  /**
   * Registers a listener or subscriber class that lies in no file of `app/listeners`; registering it again changes nothing. A queued one must be
   * registered in workers too: in a provider's `boot`.
   *
   * @throws E_LISTENER_INVALID, E_JOB_INVALID
   */
  subscribe(type: ListenerClass | SubscriberClass): void {
    if (this.#classes.has(type)) return;
    const subscriptions = subscriptionsOf(type);
    if (isQueued(type)) {
      this.#parts.queue.add(type, {
        handle: async (queued) => {
          const { event, method } = restore(subscriptions, queued, type.name);
          await this.#call(type, method, event);
        },
        failed: async (error, queued) => {
          const { event } = restore(subscriptions, queued, type.name);
          const instance = this.#parts.make<Partial<Listener<object>>>(type);
          await instance.failed?.(error, event);
        },
      });
    }
    this.#classes.add(type);
    subscriptions.forEach((one) => this.#add(one));
  }

  /** Whether anything is called for events of a class. */
  hasListeners(event: EventClass): boolean {
    return this.#of(event).length > 0;
  }

  /** The classes that are called for events of a class, in the order of calls. */
  listenersOf(event: EventClass): readonly (ListenerClass | SubscriberClass)[] {
    return this.#of(event).flatMap((one) => ('type' in one ? [one.type] : []));
  }

  /** What is called for which events: by the name of the event, then in the order of calls. */
  describe(): ListenerDescription[] {
    return [...this.#subscriptions.values()]
      .flat()
      .map(describe)
      .sort((a, b) => (a.event < b.event ? -1 : Number(a.event > b.event)));
  }

  /**
   * Tells of something that nobody waits for: its listeners are begun, and what they throw is logged. What a listener of a happening causes is
   * not told of, or a query in a listener of queries would call it again.
   */
  tell(event: Happening): void {
    const subscriptions = this.#of(classOf(event));
    if (subscriptions.length === 0 || telling.get()?.has(this) === true) return;
    const told = telling
      .run(new Set(telling.get()).add(this), async () => {
        for (const one of subscriptions) await this.#begin(one, event);
      })
      .catch((error: unknown) => this.#parts.onError(error))
      .finally(() => this.#told.delete(told));
    this.#told.add(told);
  }

  /** Settles once the listeners of all that was told of have. */
  async settled(): Promise<void> {
    while (this.#told.size > 0) await Promise.all(this.#told);
  }

  /** Has a fake see each event that is dispatched before its listeners: they are not called for those it keeps. */
  use(fake: (event: object) => boolean): void {
    this.#fake = fake;
  }

  #of(event: EventClass): readonly Subscription[] {
    return this.#subscriptions.get(event) ?? [];
  }

  #begin(one: Subscription, event: object): unknown {
    if (!('type' in one)) {
      const isOthers = one.tenantId !== undefined && one.tenantId !== currentTenantId();
      return isOthers ? undefined : one.listener(event as never);
    }
    const { type, method } = one;
    if (isQueued(type)) {
      const queued = { event: one.event.name, method, fields: { ...event } };
      return this.#parts.queue.push(type, queued);
    }
    const call = (): Promise<void> => this.#call(type, method, event);
    return type.afterCommit === true ? this.#parts.afterCommit(call) : call();
  }

  async #call(type: ListenerClass | SubscriberClass, method: string, event: object): Promise<void> {
    const instance = this.#parts.make<object>(type) as Readonly<
      Record<string, (event: object) => unknown>
    >;
    await instance[method]?.(event);
  }

  #add(one: Subscription): void {
    this.#subscriptions.set(one.event, [...this.#of(one.event), one]);
    this.#changes += 1;
  }

  #remove(one: Subscription): void {
    const rest = this.#of(one.event).filter((other) => other !== one);
    if (rest.length > 0) this.#subscriptions.set(one.event, rest);
    else this.#subscriptions.delete(one.event);
    this.#changes += 1;
  }
}

/** The event that a job carries, and what is to be called with it. */
function restore(
  subscriptions: readonly ClassSubscription[],
  { event: name, method, fields }: QueuedEvent,
  listener: string,
): { readonly event: object; readonly method: string } {
  const known = subscriptions.find(
    (one) => one.method === method && namesOf(one.event).includes(name),
  );
  if (known === undefined) throw EventUnknownError.named(name, listener);
  return { event: restoreEvent(known.event, fields), method };
}

function describe(one: Subscription): ListenerDescription {
  const event = one.event.name;
  if (!('type' in one)) {
    return { event, listener: 'Function', isQueued: false, isAfterCommit: false };
  }
  const { type, method } = one;
  const queued = isQueued(type);
  return {
    event,
    listener: method === 'handle' ? type.name : `${type.name}.${method}`,
    isQueued: queued,
    isAfterCommit: queued || type.afterCommit === true,
  };
}
