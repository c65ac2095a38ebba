import { inspect } from 'node:util';
import type { Application } from '../application';
import { classOf, type EventClass } from '../events/event';
import type { ListenerClass, SubscriberClass } from '../events/listener';
import { expectThat } from './expectation';

/**
 * Notes the events that are dispatched from now on in place of their listeners: those of the classes given, else all. What the framework tells
 * of by itself goes on to its listeners.
 */
export function fakeEvents(app: Application, ...only: readonly EventClass[]): FakeEvents {
  const fake = new FakeEvents(app);
  app.events.use((event) => {
    const isKept = only.length === 0 || only.includes(classOf(event));
    if (isKept) fake.note(event);
    return isKept;
  });
  return fake;
}

/** Asserts which events were dispatched. */
export class FakeEvents {
  readonly #app: Application;
  readonly #events: object[] = [];

  constructor(app: Application) {
    this.#app = app;
  }

  /** Takes note of an event. Called by the dispatcher. */
  note(event: object): void {
    this.#events.push(event);
  }

  /** The events of a class, in the order they were dispatched. */
  dispatched<E extends object>(type: EventClass<E>): readonly E[] {
    return this.#events.filter((event): event is E => classOf(event) === type);
  }

  /** Asserts that an event of a class, for which the test is true, was dispatched. */
  assertDispatched<E extends object>(
    type: EventClass<E>,
    test: (event: E) => boolean = () => true,
  ): void {
    expectThat(
      this.dispatched(type).some(test),
      `Expected an event "${type.name}" that fits to be dispatched; dispatched were: ${this.#names()}.`,
    );
  }

  /** Asserts that no event of a class, for which the test is true, was dispatched. */
  assertNotDispatched<E extends object>(
    type: EventClass<E>,
    test: (event: E) => boolean = () => true,
  ): void {
    expectThat(
      !this.dispatched(type).some(test),
      `Expected no event "${type.name}" that fits to be dispatched; dispatched were: ${this.#names()}.`,
    );
  }

  /** Asserts how many events of a class were dispatched. */
  assertDispatchedTimes(type: EventClass, expected: number): void {
    const found = this.dispatched(type).length;
    expectThat(
      found === expected,
      `Expected ${expected} events "${type.name}" to be dispatched, found ${found}: ${this.#names()}.`,
    );
  }

  /** Asserts that no event was dispatched. */
  assertNothingDispatched(): void {
    expectThat(
      this.#events.length === 0,
      `Expected no event to be dispatched; dispatched were: ${this.#names()}.`,
    );
  }

  /** Asserts that a class is registered for events of a class, faked or not. */
  assertListening(type: EventClass, listener: ListenerClass | SubscriberClass): void {
    const found = this.#app.events.listenersOf(type).map(({ name }) => name);
    expectThat(
      this.#app.events.listenersOf(type).includes(listener),
      `Expected "${listener.name}" to listen to "${type.name}"; listening are: ${found.join(', ') || 'none'}.`,
    );
  }

  #names(): string {
    return (
      this.#events.map((event) => inspect(event, { breakLength: Infinity })).join(', ') || 'none'
    );
  }
}
