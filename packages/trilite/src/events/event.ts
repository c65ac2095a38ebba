import { inspect } from 'node:util';

/**
 * A class of events: what a listener is told by. An event carries facts, and does nothing; a listener of a class does not hear of its
 * subclasses.
 *
 * For queued listeners an event is stored by the name of its class and its fields. After a rename `static aliases` keeps the old name alive.
 */
export type EventClass<E extends object = object> = abstract new (...facts: never[]) => E;

/** One class of events, or several. */
export type EventClasses<E extends object = object> = EventClass<E> | readonly EventClass<E>[];

/**
 * The class an event is told by.
 *
 * @throws TypeError for what is no instance of a class
 */
export function classOf(event: unknown): EventClass {
  if (typeof event === 'object' && event !== null) {
    const prototype = Object.getPrototypeOf(event) as { readonly constructor: EventClass } | null;
    if (prototype !== null && prototype !== Object.prototype) return prototype.constructor;
  }
  throw new TypeError(
    `Expected \`event\` to be an instance of a class, got \`${inspect(event)}\`.`,
  );
}

/** The names an event may be stored under: the class's own first, then those of its past. */
export function namesOf(event: EventClass): readonly string[] {
  const { aliases = [] } = event as { readonly aliases?: readonly string[] };
  return [event.name, ...aliases];
}

/** An event of that class with the fields of one that was stored. Its constructor, which may have changed since, is not called. */
export function restoreEvent(type: EventClass, fields: object): object {
  return Object.create(
    type.prototype as object,
    Object.getOwnPropertyDescriptors(fields),
  ) as object;
}
