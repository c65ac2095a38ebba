import { join } from 'node:path';
import { EventDispatcher, JobQueued } from 'trilite';
import { createTestApplication, fakeEvents, type TestApplication } from 'trilite/testing';
import { jobOf } from '../helpers/jobs';

/* What a test may ask of the events that were dispatched. */

const handle = jest.fn();
const Report = jobOf(() => undefined, { name: 'Report' });

let app: TestApplication;

beforeEach(async () => {
  handle.mockReset();
  app = await createTestApplication({
    basePath: join(__dirname, '../fixtures/crash-app'),
    jobs: [Report],
  });
});

afterEach(() => app.close());

class OrderPlaced {
  constructor(readonly id: number) {}
}
class OrderCancelled {}
class SendReceipt {
  static readonly listensTo = OrderPlaced;
  handle(): void {
    handle();
  }
}

test('notes events in place of their listeners', async () => {
  app.events.subscribe(SendReceipt);
  const held = app.make(EventDispatcher);
  const fake = fakeEvents(app);
  await held.dispatch(new OrderPlaced(7));
  expect(handle).not.toHaveBeenCalled();
  expect(fake.dispatched(OrderPlaced)).toEqual([new OrderPlaced(7)]);
  fake.assertDispatched(OrderPlaced);
  fake.assertDispatched(OrderPlaced, ({ id }) => id === 7);
  fake.assertNotDispatched(OrderPlaced, ({ id }) => id === 8);
  fake.assertNotDispatched(OrderCancelled);
  fake.assertDispatchedTimes(OrderPlaced, 1);
});

test('says what was dispatched in place of what was expected', async () => {
  const fake = fakeEvents(app);
  fake.assertNothingDispatched();
  expect(() => fake.assertDispatched(OrderPlaced)).toThrow('dispatched were: none.');
  await app.events.dispatch(new OrderPlaced(7));
  const dispatched = /dispatched were: OrderPlaced { id: 7 }\.$/;
  expect(() => fake.assertDispatched(OrderCancelled)).toThrow(dispatched);
  expect(() => fake.assertDispatched(OrderPlaced, ({ id }) => id === 8)).toThrow(dispatched);
  expect(() => fake.assertNotDispatched(OrderPlaced)).toThrow(dispatched);
  expect(() => fake.assertNothingDispatched()).toThrow(dispatched);
  expect(() => fake.assertDispatchedTimes(OrderPlaced, 2)).toThrow('Expected 2 events');
});

test('has events of other classes than those given go to their listeners', async () => {
  app.events.subscribe(SendReceipt);
  const fake = fakeEvents(app, OrderCancelled);
  await app.events.dispatch(new OrderPlaced(7));
  await app.events.dispatch(new OrderCancelled());
  expect(handle).toHaveBeenCalledTimes(1);
  fake.assertNotDispatched(OrderPlaced);
  fake.assertDispatched(OrderCancelled);
});

test('leaves what the framework tells of to its listeners', async () => {
  const fake = fakeEvents(app);
  app.events.listen(JobQueued, () => void handle());
  await app.queue().dispatch(Report, undefined);
  expect(handle).toHaveBeenCalledTimes(1);
  fake.assertNothingDispatched();
});

test('knows who listens', () => {
  const fake = fakeEvents(app);
  expect(() => fake.assertListening(OrderPlaced, SendReceipt)).toThrow('listening are: none.');
  app.events.subscribe(SendReceipt);
  fake.assertListening(OrderPlaced, SendReceipt);
  expect(() => fake.assertListening(OrderCancelled, SendReceipt)).toThrow(
    'Expected "SendReceipt" to listen to "OrderCancelled"',
  );
});
