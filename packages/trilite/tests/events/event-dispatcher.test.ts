import { join } from 'node:path';
import {
  CacheRepository,
  EventDispatcher,
  injectable,
  type Listener,
  type ListensTo,
  type Subscribe,
} from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { errorWith } from '../helpers/errors';

/* Who is called for an event, when, and in which order. */

class OrderPlaced {
  constructor(readonly id: number) {}
}
class OrderCancelled {
  constructor(readonly id: number) {}
}
class UrgentOrderPlaced extends OrderPlaced {}

let app: TestApplication;
let heard: string[];

beforeEach(async () => {
  heard = [];
  app = await createTestApplication({ basePath: join(__dirname, '../fixtures/crash-app') });
});

afterEach(() => app.close());

const note = (name: string) => (event: OrderPlaced) => void heard.push(`${name} ${event.id}`);

describe('dispatch', () => {
  test('calls the listeners in order, each after the end of the one before', async () => {
    app.events.listen(OrderPlaced, async ({ id }) => {
      await new Promise(setImmediate);
      heard.push(`first ${id}`);
    });
    app.events.listen(OrderPlaced, note('second'));
    await app.events.dispatch(new OrderPlaced(1));
    expect(heard).toEqual(['first 1', 'second 1']);
  });

  test('hands over the event itself', async () => {
    const events: object[] = [];
    app.events.listen(OrderPlaced, (event) => events.push(event));
    const event = new OrderPlaced(1);
    await app.events.dispatch(event);
    expect(events[0]).toBe(event);
  });

  test('throws what a listener throws, and calls none after it', async () => {
    app.events.listen(OrderPlaced, note('before'));
    app.events.listen(OrderPlaced, () => Promise.reject(new Error('It broke')));
    app.events.listen(OrderPlaced, note('after'));
    await expect(app.events.dispatch(new OrderPlaced(1))).rejects.toThrow('It broke');
    expect(heard).toEqual(['before 1']);
  });

  test('reaches listeners of its own class alone, not those of a class above', async () => {
    app.events.listen(OrderPlaced, note('placed'));
    await app.events.dispatch(new UrgentOrderPlaced(1));
    await app.events.dispatch(new OrderCancelled(1));
    expect(heard).toEqual([]);
  });

  test('has an event without listeners pass', async () => {
    await app.events.dispatch(new OrderPlaced(1));
    expect(app.events.hasListeners(OrderPlaced)).toBe(false);
  });

  test('refuses what is no instance of a class', async () => {
    for (const wrong of [{ id: 1 }, OrderPlaced, null, 'OrderPlaced']) {
      await expect(app.events.dispatch(wrong as object)).rejects.toThrow(
        /Expected `event` to be an instance of a class/,
      );
    }
  });
});

describe('listen', () => {
  test('ends when what it returned is called', async () => {
    const stop = app.events.listen([OrderPlaced, OrderCancelled], note('heard'));
    await app.events.dispatch(new OrderPlaced(1));
    await app.events.dispatch(new OrderCancelled(2));
    expect(app.events.hasListeners(OrderCancelled)).toBe(true);
    stop();
    stop();
    await app.events.dispatch(new OrderPlaced(3));
    expect(heard).toEqual(['heard 1', 'heard 2']);
    expect(app.events.hasListeners(OrderCancelled)).toBe(false);
  });

  test('one that begins while an event is told of does not hear of that one', async () => {
    app.events.listen(OrderPlaced, () => void app.events.listen(OrderPlaced, note('late')));
    await app.events.dispatch(new OrderPlaced(1));
    expect(heard).toEqual([]);
  });
});

describe('a listener class', () => {
  test('is made anew for each event, with what its constructor asks for', async () => {
    const instances: object[] = [];
    @injectable()
    class CountOrders implements Listener<OrderPlaced> {
      static readonly listensTo: ListensTo<CountOrders> = OrderPlaced;
      constructor(private readonly cache: CacheRepository) {}
      async handle({ id }: OrderPlaced): Promise<void> {
        instances.push(this);
        await this.cache.put('last', id);
      }
    }
    app.events.subscribe(CountOrders);
    await app.events.dispatch(new OrderPlaced(1));
    await app.events.dispatch(new OrderPlaced(2));
    expect(await app.cache().get('last')).toBe(2);
    expect(new Set(instances).size).toBe(2);
  });

  test('may listen to several classes of events', async () => {
    class Either {
      static readonly listensTo: ListensTo<Either> = [OrderPlaced, OrderCancelled];
      handle(event: OrderPlaced | OrderCancelled): void {
        heard.push(event.constructor.name);
      }
    }
    app.events.subscribe(Either);
    await app.events.dispatch(new OrderCancelled(1));
    await app.events.dispatch(new OrderPlaced(1));
    expect(heard).toEqual(['OrderCancelled', 'OrderPlaced']);
  });

  test('is registered once, however often it is', async () => {
    class Once {
      static readonly listensTo: ListensTo<Once> = OrderPlaced;
      handle(event: OrderPlaced): void {
        note('once')(event);
      }
    }
    app.events.subscribe(Once);
    app.events.subscribe(Once);
    await app.events.dispatch(new OrderPlaced(1));
    expect(heard).toEqual(['once 1']);
  });

  test('is refused when it does not say what it listens to', () => {
    class Deaf {
      static readonly listensTo = undefined as unknown as typeof OrderPlaced;
      handle(): void {}
    }
    expect(() => app.events.subscribe(Deaf)).toThrow(
      errorWith('E_LISTENER_INVALID', '"Deaf" cannot be registered: it listens to "undefined"'),
    );
  });
});

describe('a subscriber', () => {
  class OrderLog {
    static subscribe(on: Subscribe<OrderLog>): void {
      on(OrderPlaced, 'placed');
      on(OrderCancelled, 'cancelled');
    }
    placed({ id }: OrderPlaced): void {
      heard.push(`placed ${id}`);
    }
    cancelled({ id }: OrderCancelled): void {
      heard.push(`cancelled ${id}`);
    }
  }

  test('has a method called for each of its events', async () => {
    app.events.subscribe(OrderLog);
    await app.events.dispatch(new OrderCancelled(1));
    await app.events.dispatch(new OrderPlaced(2));
    expect(heard).toEqual(['cancelled 1', 'placed 2']);
  });

  test('is refused when it has no such method', () => {
    class Wrong {
      static subscribe(on: (event: typeof OrderPlaced, method: string) => void): void {
        on(OrderPlaced, 'placd');
      }
    }
    expect(() => app.events.subscribe(Wrong)).toThrow(
      errorWith('E_LISTENER_INVALID', 'it has no method "placd"'),
    );
  });
});

describe('a listener with afterCommit', () => {
  class AfterCommit {
    static readonly listensTo: ListensTo<AfterCommit> = OrderPlaced;
    static readonly afterCommit = true;
    handle({ id }: OrderPlaced): void {
      heard.push(`after ${id}, in a transaction: ${app.connections.connection().isInTransaction}`);
    }
  }

  beforeEach(() => app.events.subscribe(AfterCommit));

  test('is called once the transaction is committed, outside of it', async () => {
    await app.database().transaction(async () => {
      await app.events.dispatch(new OrderPlaced(1));
      heard.push('the last of the transaction');
    });
    expect(heard).toEqual(['the last of the transaction', 'after 1, in a transaction: false']);
  });

  test('is never called when the transaction is rolled back', async () => {
    const rolledBack = app.database().transaction(async () => {
      await app.events.dispatch(new OrderPlaced(1));
      throw new Error('Undone');
    });
    await expect(rolledBack).rejects.toThrow('Undone');
    expect(heard).toEqual([]);
  });

  test('is not called for what a nested transaction undoes', async () => {
    await app.database().transaction(async (trx) => {
      const nested = trx.transaction(async () => {
        await app.events.dispatch(new OrderPlaced(1));
        throw new Error('Undone');
      });
      await expect(nested).rejects.toThrow('Undone');
      await app.events.dispatch(new OrderPlaced(2));
    });
    expect(heard).toEqual(['after 2, in a transaction: false']);
  });

  test('is called at once outside of a transaction', async () => {
    await app.events.dispatch(new OrderPlaced(1));
    expect(heard).toEqual(['after 1, in a transaction: false']);
  });

  test('that throws tells whoever committed, and the transaction stays committed', async () => {
    app.events.subscribe(
      class Breaks {
        static readonly listensTo = OrderPlaced;
        static readonly afterCommit = true;
        handle(): void {
          throw new Error('It broke');
        }
      },
    );
    const committed = app.database().transaction(async () => {
      await app.events.dispatch(new OrderPlaced(1));
    });
    await expect(committed).rejects.toThrow(errorWith('E_AFTER_COMMIT', 'It broke'));
    expect(heard).toHaveLength(1);
  });
});

test('whoever asks for the dispatcher is given the one of the application', () => {
  expect(app.make(EventDispatcher)).toBe(app.events);
});
