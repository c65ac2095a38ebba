import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createApplication,
  JobFailed,
  JobQueued,
  type Application,
  type Listener,
  type ListenerQueueOptions,
  type ListensTo,
  type Subscribe,
} from 'trilite';
import { createTestApplication, travel, travelBack, type TestApplication } from 'trilite/testing';
import { ArtisanProcess, ARTISAN_FILE } from '../helpers/artisan-process';
import { errorWith } from '../helpers/errors';
import { createProject } from '../helpers/project';

/* Listeners that a worker calls. */

class OrderPlaced {
  static readonly aliases = ['OrderMade'];
  constructor(
    readonly id: number,
    readonly at: Date = new Date(0),
  ) {}
  get label(): string {
    return `order ${this.id} of ${this.at.getUTCFullYear()}`;
  }
}
class OrderCancelled {
  constructor(readonly id: number) {}
}

let app: TestApplication;
let heard: string[];

beforeEach(async () => {
  heard = [];
  app = await createTestApplication({ basePath: join(__dirname, '../fixtures/crash-app') });
});

afterEach(async () => {
  travelBack();
  await app.close();
});

/** A queued listener that notes what it hears. */
function queued(name: string, queue: boolean | ListenerQueueOptions = true) {
  class Queued implements Listener<OrderPlaced> {
    static readonly listensTo: ListensTo<Queued> = OrderPlaced;
    static readonly queue = queue;
    handle(event: OrderPlaced): void {
      heard.push(`${name}: ${event.label}`);
    }
  }
  Object.defineProperty(Queued, 'name', { value: name });
  return Queued;
}

test('a queued listener is called by a worker, with an event of its class that has the same fields', async () => {
  app.events.subscribe(queued('SendReceipt'));
  await app.events.dispatch(new OrderPlaced(7, new Date('2026-01-01')));
  expect(heard).toEqual([]);
  expect(await app.runJobs()).toBe(1);
  expect(heard).toEqual(['SendReceipt: order 7 of 2026']);
});

test('each queued listener is a job of its own, under its own name', async () => {
  const jobs: string[] = [];
  app.events.listen(JobQueued, ({ job }) => jobs.push(job));
  app.events.subscribe(queued('SendReceipt'));
  app.events.subscribe(queued('CountOrder'));
  await app.events.dispatch(new OrderPlaced(7));
  expect(jobs).toEqual(['SendReceipt', 'CountOrder']);
  await app.runJobs();
  expect(heard.sort()).toEqual(['CountOrder: order 7 of 1970', 'SendReceipt: order 7 of 1970']);
});

test('queue, delay and connection are those of the listener', async () => {
  app.events.subscribe(queued('Later', { queue: 'mail', delay: '1h' }));
  app.events.subscribe(queued('Now', { connection: 'sync' }));
  await app.events.dispatch(new OrderPlaced(7));
  expect(heard).toEqual(['Now: order 7 of 1970']);
  await app.runJobs();
  expect(heard).toHaveLength(1);
  travel('1h');
  await app.runJobs({ queues: ['mail'] });
  expect(heard).toEqual(['Now: order 7 of 1970', 'Later: order 7 of 1970']);
});

test('in a transaction the job is part of it: there at its end, or not at all', async () => {
  app.events.subscribe(queued('SendReceipt'));
  const rolledBack = app.database().transaction(async () => {
    await app.events.dispatch(new OrderPlaced(1));
    throw new Error('Undone');
  });
  await expect(rolledBack).rejects.toThrow('Undone');
  await app.database().transaction(() => app.events.dispatch(new OrderPlaced(2)));
  await app.runJobs();
  expect(heard).toEqual(['SendReceipt: order 2 of 1970']);
});

test('a subscriber that is queued has the method called that it named', async () => {
  app.events.subscribe(
    class OrderLog {
      static readonly queue = true;
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
    },
  );
  await app.events.dispatch(new OrderCancelled(1));
  await app.events.dispatch(new OrderPlaced(2));
  await app.runJobs();
  expect(heard).toEqual(['cancelled 1', 'placed 2']);
});

test('one that throws is tried as often as it says, and is told when it has failed for good', async () => {
  app.events.subscribe(
    class Breaks implements Listener<OrderPlaced> {
      static readonly listensTo = OrderPlaced;
      static readonly queue = { tries: 2, backoff: '10s' } as const;
      handle({ id }: OrderPlaced): void {
        heard.push(`try ${id}`);
        throw new Error('It broke');
      }
      failed(error: Error, { label }: OrderPlaced): void {
        heard.push(`${error.message}: ${label}`);
      }
    },
  );
  await app.events.dispatch(new OrderPlaced(7));
  await app.runJobs();
  expect(heard).toEqual(['try 7']);
  travel('10s');
  await app.runJobs();
  expect(heard).toEqual(['try 7', 'try 7', 'It broke: order 7 of 1970']);
});

test('an event whose class has lost the stored name fails at once, and says what to do', async () => {
  app.events.subscribe(queued('SendReceipt', { tries: 5 }));
  await app.events.dispatch(new OrderPlaced(7));
  Object.defineProperty(OrderPlaced, 'name', { value: 'OrderAccepted' });
  try {
    await app.runJobs();
  } finally {
    Object.defineProperty(OrderPlaced, 'name', { value: 'OrderPlaced' });
  }
  expect(heard).toEqual([]);
  const [failed] = await app.queues.store().failed();
  expect(failed?.attempts).toBe(1);
  expect(failed?.message).toContain(
    'A job of the listener "SendReceipt" holds the event "OrderPlaced", which it does not listen to',
  );
  await app.queues.store().retry({});
  await app.runJobs();
  expect(heard).toEqual(['SendReceipt: order 7 of 1970']);
});

test('an event stored under an alias of its class is known', async () => {
  app.events.subscribe(queued('SendReceipt'));
  Object.defineProperty(OrderPlaced, 'name', { value: 'OrderMade' });
  try {
    await app.events.dispatch(new OrderPlaced(7));
  } finally {
    Object.defineProperty(OrderPlaced, 'name', { value: 'OrderPlaced' });
  }
  await app.runJobs();
  expect(heard).toEqual(['SendReceipt: order 7 of 1970']);
});

describe('is refused', () => {
  test('an event with a field that cannot be stored, by the name of the field', async () => {
    class Holding {
      constructor(readonly order: OrderPlaced) {}
    }
    app.events.subscribe(
      class Holds {
        static readonly listensTo = Holding;
        static readonly queue = true;
        handle(): void {}
      },
    );
    await expect(app.events.dispatch(new Holding(new OrderPlaced(1)))).rejects.toThrow(
      errorWith('E_VALUE_NOT_SERIALIZABLE', 'fields.order'),
    );
  });

  test('a queued listener of what the framework tells of: its job would be told of in turn', () => {
    class Loops {
      static readonly listensTo = JobFailed;
      static readonly queue = true;
      handle(): void {}
    }
    expect(() => app.events.subscribe(Loops)).toThrow(
      errorWith('E_LISTENER_INVALID', '"JobFailed", which the framework tells of'),
    );
  });

  test('two classes of events with one name, which a job could not tell apart', () => {
    const other = { OrderPlaced: class OrderPlaced {} };
    class Ambiguous {
      static readonly listensTo = [OrderPlaced, other.OrderPlaced];
      static readonly queue = true;
      handle(): void {}
    }
    expect(() => app.events.subscribe(Ambiguous)).toThrow(
      errorWith('E_LISTENER_INVALID', 'two classes of events with the name "OrderPlaced"'),
    );
  });

  test('two queued listeners with one name', () => {
    app.events.subscribe(queued('SendReceipt'));
    expect(() => app.events.subscribe(queued('SendReceipt'))).toThrow(
      errorWith('E_JOB_INVALID', '"SendReceipt"'),
    );
  });
});

describe('a folder of listeners', () => {
  const project = createProject({
    'artisan.js': ARTISAN_FILE,
    'app/events/order-placed.js':
      'exports.OrderPlaced = class OrderPlaced { constructor(id) { this.id = id; } };',
    'app/listeners/orders/send-receipt.js': `
      const { OrderPlaced } = require('../../events/order-placed');
      const { appendFileSync } = require('node:fs');
      exports.SendReceipt = class SendReceipt {
        static listensTo = OrderPlaced;
        static queue = { queue: 'mail' };
        handle(event) {
          appendFileSync(${JSON.stringify('HEARD')}, process.pid + ' ' + event.constructor.name + ' ' + event.id + '\\n');
        }
      };`,
  });
  let own: Application;

  beforeEach(async () => {
    own = await createApplication({ basePath: project.path });
    await own.migrator().migrate();
  });

  afterEach(async () => {
    await own.close();
    project.remove();
  });

  test('is found at boot, by whoever dispatches and by a worker in a process of its own', async () => {
    const { OrderPlaced: Placed } = require(join(project.path, 'app/events/order-placed.js')) as {
      OrderPlaced: new (id: number) => object;
    };
    await own.events.dispatch(new Placed(7));
    const worker = new ArtisanProcess(project, ['queue:work', '--stop-when-empty']);
    await worker.end();
    expect(readFileSync(join(project.path, 'HEARD'), 'utf8')).toBe(`${worker.pid} OrderPlaced 7\n`);
  });
});
