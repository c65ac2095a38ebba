import { job, type Job, type JobOptions } from 'trilite';
import { travelBack, travelTo } from 'trilite/testing';
import { z } from 'zod';
import { JobRegistry } from '../../src/queue/job-registry';
import { QueueDispatcher } from '../../src/queue/queue-dispatcher';
import type { DispatchEvent } from '../../src/queue/queue-events';
import type { NewBatch, NewJob } from '../../src/queue/queue-store';
import { NullQueueStore } from '../../src/queue/stores/null-queue-store';
import { errorWith } from '../helpers/errors';
import { jobOf } from '../helpers/jobs';

/* What the options of a job class make of its dispatch, on a store that notes what is pushed. */

const NOW = Date.UTC(2026, 0, 1);

class SendMail implements Job<{ to: string }> {
  static readonly schema = z.object({ to: z.email(), tries: z.coerce.number().default(3) });
  static tags({ to }: { to: string }): string[] {
    return [`mail:${to}`];
  }
  handle(_payload: { to: string }): void {}
}

class Nested implements Job<{ lines: { amount: number }[] }> {
  static readonly schema = z.object({ lines: z.array(z.object({ amount: z.number().min(1) })) });
  handle(_payload: { lines: { amount: number }[] }): void {}
}

const Plain = jobOf(() => undefined, { name: 'Plain' });

let jobs: JobRegistry;
let queue: QueueDispatcher;
let pushed: NewJob[];
let batches: (NewBatch | undefined)[];
let events: DispatchEvent[];

beforeEach(() => {
  [pushed, batches, events] = [[], [], []];
  const store = new NullQueueStore();
  const push = store.push.bind(store);
  const note = (given: readonly NewJob[], batch?: NewBatch) => {
    pushed.push(...given);
    batches.push(batch);
    return push(given);
  };
  jest.spyOn(store, 'push').mockImplementation(note);
  jobs = new JobRegistry();
  for (const type of [SendMail, Nested, Plain]) jobs.add(type);
  queue = new QueueDispatcher({
    connection: 'null',
    store: () => store,
    sync: () => store,
    jobs,
    maxPayload: 100,
    tell: (event) => events.push(event),
  });
  travelTo(NOW);
});

afterEach(travelBack);

/** A class with options that are known to the queue. */
function typeWith(options: JobOptions, name = 'WithOptions') {
  const type = jobOf(() => undefined, { name, options });
  jobs.add(type);
  return type;
}

async function pushedWith(options: JobOptions, payload: unknown = {}): Promise<NewJob> {
  await queue.dispatch(typeWith(options), payload);
  return pushed[0] as NewJob;
}

describe('a schema', () => {
  test('stores what it makes of the payload', async () => {
    await queue.dispatch(SendMail, { to: 'a@example.test' });
    expect(pushed[0]?.payload).toBe('{"to":"a@example.test","tries":3}');
  });

  test('refuses what does not fit, names the field, and stores nothing', async () => {
    await expect(queue.dispatch(SendMail, { to: 'nobody' })).rejects.toThrow(
      errorWith(
        'E_JOB_PAYLOAD_INVALID',
        'The payload of the job "SendMail" does not fit its schema: to: ',
      ),
    );
    expect(pushed).toEqual([]);
  });

  test('names each of several fields, by its path', async () => {
    const lines = [{ amount: 1 }, { amount: 0 }, { amount: 'x' as never }];
    const refused = queue.dispatch(Nested, { lines });
    await expect(refused).rejects.toThrow(errorWith('E_JOB_PAYLOAD_INVALID', 'lines.1.amount: '));
    await expect(refused).rejects.toThrow(errorWith('E_JOB_PAYLOAD_INVALID', 'lines.2.amount: '));
  });

  test('names a payload that is no object at all', async () => {
    await expect(queue.dispatch(Nested, 5 as never)).rejects.toThrow(
      errorWith('E_JOB_PAYLOAD_INVALID', 'payload: '),
    );
  });

  const bad = job(SendMail, { to: 'nobody' });
  test.each<[string, () => Promise<unknown>]>([
    ['bulk', () => queue.bulk([job(Plain, 1), bad])],
    ['chain', () => queue.chain([job(Plain, 1), bad])],
    ['the catch of a chain', () => queue.chain([job(Plain, 1)], { catch: bad })],
    ['batch', () => queue.batch([job(Plain, 1), bad])],
    ['the finally of a batch', () => queue.batch([job(Plain, 1)], { finally: bad })],
    ['dispatchSync', () => queue.dispatchSync(SendMail, { to: 'nobody' })],
    ['dispatchAfterResponse', () => queue.dispatchAfterResponse(SendMail, { to: 'nobody' })],
  ])('refuses by a promise what %s is given, and stores none of it', async (_, dispatch) => {
    await expect(dispatch()).rejects.toThrow(errorWith('E_JOB_PAYLOAD_INVALID', 'to: '));
    expect(pushed).toEqual([]);
  });
});

describe('the size of a payload', () => {
  test('is limited, in bytes', async () => {
    const fits = 'x'.repeat(98); // two quotes
    await queue.dispatch(Plain, fits);
    await expect(queue.dispatch(Plain, `${fits}x`)).rejects.toThrow(
      errorWith(
        'E_JOB_PAYLOAD_TOO_LARGE',
        'The payload of the job "Plain" has 101 bytes; 100 are allowed.',
      ),
    );
    await expect(queue.dispatch(Plain, '€'.repeat(33))).rejects.toThrow(
      errorWith('E_JOB_PAYLOAD_TOO_LARGE', '101 bytes'),
    );
    expect(pushed).toHaveLength(1);
  });

  test('is judged as the schema makes it', async () => {
    class Shortened implements Job<string> {
      static readonly schema = z.string().transform((text) => text.slice(0, 10));
      handle(_text: string): void {}
    }
    jobs.add(Shortened);
    await queue.dispatch(Shortened, 'x'.repeat(1000));
    expect(pushed[0]?.payload).toBe('"xxxxxxxxxx"');
  });
});

test('tags are made of the payload as the schema makes it, and none are not stored', async () => {
  class Tagged implements Job<number> {
    static readonly schema = z.number().transform((n) => n * 2);
    static tags(payload: number): string[] {
      return payload > 10 ? [`n:${payload}`, 'large'] : [];
    }
    handle(_payload: number): void {}
  }
  jobs.add(Tagged);
  await queue.dispatch(Tagged, 20);
  await queue.dispatch(Tagged, 1);
  expect(pushed.map(({ tags }) => tags)).toEqual([['n:40', 'large'], undefined]);
});

describe('unique', () => {
  test.each<[string, JobOptions['unique'], Partial<NewJob['unique']> | undefined]>([
    ['false is none', false, undefined],
    ['true is one at a time, until it is done', true, { key: 'WithOptions', until: 'done' }],
    ['until started', { until: 'started' }, { key: 'WithOptions', until: 'started' }],
    ['for a time', { for: '1m' }, { until: 'time', expiresAt: NOW + 60_000 }],
    [
      'until done, for a time at most',
      { until: 'done', for: 5 },
      { until: 'done', expiresAt: NOW + 5000 },
    ],
    [
      'by a part of the payload',
      { by: ({ id }: { id: number }) => id },
      { key: 'WithOptions:7', until: 'done' },
    ],
    ['by nothing of the payload', { by: () => '' }, { key: 'WithOptions:', until: 'done' }],
  ])('%s', async (_, unique, expected) => {
    const { unique: key } = await pushedWith(
      { ...(unique !== undefined && { unique }) },
      { id: 7 },
    );
    if (expected === undefined) expect(key).toBeUndefined();
    else expect(key).toMatchObject(expected);
    if (key?.until === 'done' && expected?.expiresAt === undefined) {
      expect(key.expiresAt).toBeUndefined();
    }
  });

  test('tells classes apart', async () => {
    for (const name of ['One', 'Other']) await queue.dispatch(typeWith({ unique: true }, name), 1);
    expect(pushed.map(({ unique }) => unique?.key)).toEqual(['One', 'Other']);
  });

  test('counts from the dispatch, and is part of bulk, chain and batch', async () => {
    const type = typeWith({ unique: { by: (id: number) => id } });
    await queue.bulk([job(type, 1), job(type, 2)]);
    await queue.batch([job(type, 3)]);
    await queue.chain([job(type, 4), job(type, 5)]);
    const [, , , head] = pushed;
    expect(pushed.map(({ unique }) => unique?.key)).toEqual(
      [1, 2, 3, 4].map((id) => `WithOptions:${id}`),
    );
    expect(head?.chain?.rest[0]?.unique).toMatchObject({ key: 'WithOptions:5' });
  });
});

describe('debounce', () => {
  test('puts a job off, by its key', async () => {
    const pushedJob = await pushedWith({ debounce: { for: '10s', by: (id: number) => id } }, 3);
    expect(pushedJob).toMatchObject({
      availableAt: NOW + 10_000,
      debounce: { key: 'WithOptions:3' },
    });
    expect(pushedJob.debounce?.latestAt).toBeUndefined();
  });

  test('is bounded by maxWait, from the dispatch on', async () => {
    const { debounce } = await pushedWith({ debounce: { for: '10s', maxWait: '1m' } });
    expect(debounce).toEqual({ key: 'WithOptions', latestAt: NOW + 60_000 });
  });

  test('waits no shorter than the delay of the dispatch', async () => {
    const type = typeWith({ debounce: { for: '10s' } });
    await queue.dispatch(type, 1, { delay: '30s' });
    await queue.dispatch(type, 1, { delay: '5s' });
    expect(pushed.map(({ availableAt }) => availableAt - NOW)).toEqual([30_000, 10_000]);
  });
});

test('retryUntil counts from the dispatch', async () => {
  expect(await pushedWith({ retryUntil: '1h' })).toMatchObject({ retryUntil: NOW + 3_600_000 });
});

test("a job's own priority holds where the dispatch names none", async () => {
  const type = typeWith({ priority: 7 });
  await queue.dispatch(type, 1);
  await queue.dispatch(type, 1, { priority: 0 });
  expect(pushed.map(({ priority }) => priority)).toEqual([7, 0]);
});

test.each<[option: string, options: JobOptions]>([
  ['debounce', { unique: true, debounce: { for: '1s' } }],
  ['debounce', { unique: { until: 'started' }, debounce: { for: '1s' } }],
  ['debounce.for', { debounce: { for: 0 } }],
  ['debounce.for', { debounce: { for: 'soon' } }],
  ['debounce.maxWait', { debounce: { for: '1s', maxWait: 0 } }],
  ['unique.for', { unique: { for: 0 } }],
  ['unique.for', { unique: { for: 'soon' } }],
  ['priority', { priority: 1.5 }],
  ['queue', { queue: 'a,b' }],
  ['tries', { tries: -1 }],
  ['maxExceptions', { maxExceptions: 0 }],
  ['maxCrashes', { maxCrashes: 0 }],
  ['retryUntil', { retryUntil: 'soon' }],
])(
  'an option "%s" that makes no sense is refused when the class is found: %j',
  (option, options) => {
    expect(() => typeWith(options)).toThrow(
      errorWith('E_JOB_INVALID', `The option "${option}" of the job "WithOptions"`),
    );
  },
);

test('unique false beside debounce is no contradiction', async () => {
  const pushedJob = await pushedWith({ unique: false, debounce: { for: '1s' } });
  expect(pushedJob.unique).toBeUndefined();
  expect(pushedJob.debounce).toEqual({ key: 'WithOptions' });
});

test('each dispatch is told of', async () => {
  const handles = await queue.bulk([job(Plain, 1), job(Plain, 2, { queue: 'mail' })]);
  expect(events).toEqual(
    handles.map(({ id, queue: name }) => ({ kind: 'dispatched', id, queue: name, job: 'Plain' })),
  );
});

describe('a batch', () => {
  test('is stored with its jobs and what is to follow them', async () => {
    const { id } = await queue.batch([job(Plain, 1), job(Plain, 2, { delay: '5s' })], {
      name: 'import',
      allowFailures: true,
      then: job(Plain, 'then', { queue: 'after', delay: '2s' }),
      catch: job(Plain, 'catch'),
      finally: job(Plain, 'finally'),
    });
    expect(batches).toMatchObject([
      {
        id,
        name: 'import',
        allowFailures: true,
        createdAt: NOW,
        onDone: { payload: '"then"', queue: 'after', delayMs: 2000 },
        onFailure: { payload: '"catch"', delayMs: 0 },
        onEnd: { payload: '"finally"' },
      },
    ]);
    expect(pushed.map(({ availableAt }) => availableAt - NOW)).toEqual([0, 5000]);
  });

  test('fails at the first failure by default, and nothing follows', async () => {
    await queue.batch([job(Plain, 1)]);
    expect(batches).toMatchObject([{ name: '', allowFailures: false }]);
    expect(batches[0]?.onDone ?? batches[0]?.onFailure ?? batches[0]?.onEnd).toBeUndefined();
  });

  test('without jobs is one all the same', async () => {
    await queue.batch([], { then: job(Plain, 1) });
    expect(batches).toHaveLength(1);
  });
});

describe('a chain', () => {
  test('is its first job, with the others and the answer to a failure behind it', async () => {
    const chain = await queue.chain(
      [job(Plain, 1, { queue: 'mail' }), job(Plain, 2, { delay: '5s' }), job(Plain, 3)],
      { catch: job(Plain, 'catch', { queue: 'urgent' }), delay: '1m' },
    );
    expect(pushed).toMatchObject([
      {
        id: chain.id,
        queue: 'mail',
        availableAt: NOW + 60_000,
        chain: {
          rest: [
            { payload: '2', delayMs: 5000 },
            { payload: '3', delayMs: 0 },
          ],
          onFailure: { payload: '"catch"', queue: 'urgent' },
        },
      },
    ]);
    expect(chain.jobs.map(({ outcome }) => outcome)).toEqual(['stored', 'pending', 'pending']);
    expect(chain.jobs.map(({ id }) => id).slice(1)).toEqual(
      pushed[0]?.chain?.rest.map(({ id }) => id),
    );
  });

  test("begins after its first job's own delay where it names none", async () => {
    await queue.chain([job(Plain, 1, { delay: '7s' })]);
    expect(pushed[0]?.availableAt).toBe(NOW + 7000);
  });

  test('keeps a time that a later job waits for', async () => {
    await queue.chain([job(Plain, 1), job(Plain, 2, { delay: new Date(NOW + 5000) })]);
    expect(pushed[0]?.chain?.rest).toMatchObject([{ delayMs: 0, notBefore: NOW + 5000 }]);
  });

  test('of nothing is refused', async () => {
    await expect(queue.chain([])).rejects.toThrow(RangeError);
  });
});

test('bulk of nothing asks nothing of the store', async () => {
  expect(await queue.bulk([])).toEqual([]);
  expect(batches).toEqual([]);
});
