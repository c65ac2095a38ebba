import { namesOf, type EventClass } from './event';
import { ListenerInvalidError } from './errors';
import { isHappening } from './happening';
import { isSubscriber, type ListenerClass, type Subscribe, type SubscriberClass } from './listener';

/** What is called when an event of a class is dispatched: a method of a class, or a function. */
export type Subscription =
  | {
      readonly event: EventClass;
      readonly type: ListenerClass | SubscriberClass;
      readonly method: string;
    }
  | {
      readonly event: EventClass;
      readonly listener: (event: never) => unknown;
      /** In which tenant's work it was registered: it hears of that tenant's events alone. */
      readonly tenantId: string | undefined;
    };

/** A subscription of a class. */
export type ClassSubscription = Extract<Subscription, { readonly type: unknown }>;

/**
 * What a class subscribes to.
 *
 * @throws E_LISTENER_INVALID
 */
export function subscriptionsOf(type: ListenerClass | SubscriberClass): ClassSubscription[] {
  const subscriptions: ClassSubscription[] = [];
  const on = (event: EventClass, method: string): void => {
    refuseInvalid(type, event, method);
    subscriptions.push({ event, type, method });
  };
  if (isSubscriber(type)) type.subscribe(on as Subscribe<never> as never);
  else for (const event of toList(type.listensTo)) on(event, 'handle');
  if (isQueued(type)) refuseAmbiguous(type, subscriptions);
  return subscriptions;
}

/** Whether a class is called by a worker. */
export function isQueued({ queue = false }: ListenerClass | SubscriberClass): boolean {
  return queue !== false;
}

/** One class of events or several, as a list. */
export function toList<C extends EventClass>(events: C | readonly C[]): readonly C[] {
  return Array.isArray(events) ? (events as readonly C[]) : [events as C];
}

function refuseInvalid(
  type: ListenerClass | SubscriberClass,
  event: EventClass,
  method: string,
): void {
  if (typeof event !== 'function') throw ListenerInvalidError.noEvent(type.name, event);
  const methods = type.prototype as Readonly<Record<string, unknown>>;
  if (typeof methods[method] !== 'function') throw ListenerInvalidError.noMethod(type.name, method);
  if (isQueued(type) && isHappening(event)) {
    throw ListenerInvalidError.ofHappening(type.name, event.name);
  }
}

function refuseAmbiguous(
  type: ListenerClass | SubscriberClass,
  subscriptions: readonly ClassSubscription[],
): void {
  const owners = new Map<string, EventClass>();
  for (const { event } of subscriptions) {
    for (const name of namesOf(event)) {
      if ((owners.get(name) ?? event) !== event) {
        throw ListenerInvalidError.ambiguous(type.name, name);
      }
      owners.set(name, event);
    }
  }
}
