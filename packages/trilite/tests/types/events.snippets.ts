import { testSnippets } from '../helpers/snippets';

/* What of events and listeners compiles, and what does not. */

const HEAD = `
import {
  EventDispatcher,
  JobFailed,
  QueryExecuted,
  type Listener,
  type ListenerClass,
  type ListensTo,
  type Subscribe,
  type SubscriberClass,
} from 'trilite';

class OrderPlaced {
  constructor(readonly id: number) {}
}
class OrderCancelled {
  constructor(readonly reason: string) {}
}
abstract class Receipt implements Listener<OrderPlaced> {
  abstract handle(event: OrderPlaced): Promise<void>;
}
class Log {
  placed(event: OrderPlaced): void {}
  any(): void {}
  readonly count: number = 0;
}
declare const events: EventDispatcher;
declare const on: Subscribe<Log>;
`;

const COMPILES = [
  `events.dispatch(new OrderPlaced(7));`,
  `events.listen(OrderPlaced, ({ id }) => id + 1);`,
  `events.listen(OrderPlaced, async (event: OrderPlaced) => {});`,
  `events.listen([OrderPlaced, OrderPlaced], (event: OrderPlaced) => event.id);`,
  `events.listen([OrderPlaced, OrderCancelled], (event) => (event instanceof OrderPlaced ? event.id : event.reason));`,
  `events.listen(QueryExecuted, ({ sql, durationMs }) => sql.length + durationMs);`,
  `events.listen(JobFailed, ({ job, error }) => job.id + error.message);`,
  `const stop: () => void = events.listen(OrderPlaced, () => undefined);`,
  `class A extends Receipt { static readonly listensTo: ListensTo<A> = OrderPlaced; async handle() {} }`,
  `class A { static readonly listensTo: ListensTo<A> = OrderPlaced; handle(event: OrderPlaced): void {} } events.subscribe(A);`,
  `class A { static readonly listensTo: ListensTo<A> = [OrderPlaced, OrderCancelled]; handle(event: OrderPlaced | OrderCancelled): void {} } const a: ListenerClass = A;`,
  `class A { static readonly listensTo = OrderPlaced; static readonly queue = { queue: 'mail', delay: '5s', tries: 3, backoff: ['1s'] } as const; handle(): void {} } const a: ListenerClass = A;`,
  `class A { static subscribe(on: Subscribe<A>): void { on(OrderPlaced, 'placed'); } placed(event: OrderPlaced): void {} } const a: SubscriberClass = A;`,
  `on(OrderPlaced, 'placed');`,
  `on(OrderCancelled, 'any');`,
];

const DOES_NOT_COMPILE = [
  `events.dispatch('OrderPlaced');`,
  `events.dispatch();`,
  `events.listen(OrderPlaced, (event: OrderCancelled) => event);`,
  `events.listen(OrderPlaced, ({ reason }) => reason);`,
  `events.listen([OrderPlaced, OrderCancelled], (event: OrderPlaced) => event);`,
  `events.listen('OrderPlaced', () => undefined);`,
  `events.listen(new OrderPlaced(7), () => undefined);`,
  `events.listen(QueryExecuted, ({ milliseconds }) => milliseconds);`,
  `class A { static readonly listensTo: ListensTo<A> = OrderCancelled; handle(event: OrderPlaced): void {} }`,
  `class A { static readonly listensTo: ListensTo<A> = [OrderPlaced, OrderCancelled]; handle(event: OrderPlaced): void {} }`,
  `class A implements Listener<OrderPlaced> { handle(event: OrderCancelled): void {} }`,
  `class A { static readonly listensTo = OrderPlaced; static readonly queue = { dealy: '5s' }; handle(): void {} } const a: ListenerClass = A;`,
  `class A { handle(event: OrderPlaced): void {} } events.subscribe(A);`,
  `class A { static readonly listensTo = OrderPlaced; } events.subscribe(A);`,
  `on(OrderCancelled, 'placed');`,
  `on(OrderPlaced, 'plcaed');`,
  `on(OrderPlaced, 'count');`,
];

testSnippets(HEAD, { compiles: COMPILES, doesNot: DOES_NOT_COMPILE });
