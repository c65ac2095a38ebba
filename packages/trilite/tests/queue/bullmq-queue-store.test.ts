import { RedisQueueBackend } from 'bullmq';
import { clock } from 'trilite';
import { travel, travelBack } from 'trilite/testing';
import { BullmqLookup } from '../../src/queue/bullmq/bullmq-lookup';
import { testQueueStore } from '../contracts/queue-store';
import { claimOne, failOne, newJob, request, runOne } from '../contracts/queue-store-under-test';
import { bullmqPlace, lendClock, type BullmqPlace } from '../helpers/bullmq';
import { leavingOut } from '../helpers/left-out';
import { useRedisServer } from '../helpers/redis-server';

const server = useRedisServer();

const ONE_JOB = 'an id that is there is no error: a push may be repeated, and is one job';
const LOCK = 'a lease is a lock of Redis, which ends by the clock of the server';

const BATCHES =
  'batches are refused by name: their counts and what they call for would be no one change with the end of a job';
const CHAINS =
  'chains are refused by name: the next job would be no one change with the end of the one before it';
const DEBOUNCE = 'a job that is put off and keeps its id is refused by name';
const UNTIL =
  'a key with an end is a key of Redis, which ends by the clock of the server; some forms are refused by name';
const CANCELLED = 'a waiting job that is cancelled is removed, and not kept as cancelled';

const OWNER = 'a lock is proved by the name of the owner alone, not by the run';

/** What BullMQ does not keep, or what cannot be tried this way; ARCHITECTURE.md says more. */
const LEFT_OUT = {
  'asked for by two processes at once stores each number once':
    'how far a relay came is a field that is set, not compared: the slower of two may put it back',
  'says when each queue has to be looked at next: a job is due, or a lease ends':
    'workers of Redis are told by Redis',
  'keeps all or none': ONE_JOB,
  'that fails takes no other push of the same moment with it': ONE_JOB,
  'then by priority, then by due time, then by age':
    'within a priority, jobs come as they were pushed or became due, whatever their due time',
  'a lease that is renewed lasts from then on': LOCK,
  'takes back a job whose lease has ended': LOCK,
  'changes nothing of a job in another hand, and is told so': LOCK,
  "a job that its owner has lost and claimed again is not the first run's": OWNER,
  'a job that is tried again after its failure is not that of a run before it': OWNER,
  'does whatever is asked of it, in any order, as a list of jobs would':
    'the list has keys, cancelled jobs and leases as well, which are left out above',
  'is not taken by a push that fails': ONE_JOB,
  'stores all or none, and remembers nothing then': ONE_JOB,
  'a job that is done is gone, its history and its key with it, and what follows it follows':
    BATCHES,
  'failed and cancelled jobs stay': CANCELLED,
  'a unique key with an end': UNTIL,
  'a unique key and retry': 'a failed job that had a key is not put back: refused by name',
  'a debounced job': DEBOUNCE,
  'judges keys then, in the order of the commits': DEBOUNCE,
  'a chain': CHAINS,
  'the end of a chain': CHAINS,
  'a batch': BATCHES,
  'a batch with failures': BATCHES,
  'of a batch,': BATCHES,
  'a selection of failed jobs': BATCHES,
  'removes many, all of them': BATCHES,
  'stores the jobs of one dispatch together, with their batch': BATCHES,
  'of a file that was put back stores again only what is not known': BATCHES,
  'forgets batches that ended before a time, and no others': BATCHES,
  'leaves a batch while a failed job of it can be put back': BATCHES,
  'forgets a batch once its failed jobs are forgotten': BATCHES,
  'forgets jobs that were cancelled before a time': CANCELLED,
  'of a waiting job has it never run': CANCELLED,
  'of a running job asks its owner, who goes on until it hears of it': CANCELLED,
  'of a job that is %s before its owner heard of it holds': CANCELLED,
  'of a job that has ended, or is not there, is none': CANCELLED,
  'counts what ended in the last hour, whether or not it is still there':
    'counts go with the jobs that are pruned',
};

leavingOut(LEFT_OUT, () =>
  testQueueStore('BullmqQueueStore', async () => {
    const lent = lendClock();
    const place = bullmqPlace(server);
    return {
      ...place,
      close: async () => {
        await place.close();
        lent.mockRestore();
      },
    };
  }),
);

/** Has something happen after the next look of a kind, and before what is done with what it found. */
function afterLook(kind: 'failed' | 'find', happens: () => Promise<unknown>): void {
  const lookups: Record<typeof kind, (...what: unknown[]) => Promise<unknown>> =
    BullmqLookup.prototype as never;
  const look = lookups[kind];
  jest.spyOn(lookups, kind).mockImplementationOnce(async function (this: unknown, ...what) {
    const found = await look.apply(this, what);
    await happens();
    return found;
  });
}

describe('between a look and what is done about it', () => {
  let place: BullmqPlace;

  beforeEach(async () => {
    place = bullmqPlace(server);
    await place.store.push([newJob('one')]);
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    travelBack();
    await place.close();
  });

  test('a failed job that is put back is not forgotten', async () => {
    const { store, elsewhere } = place;
    await failOne(store);
    afterLook('failed', async () => expect((await elsewhere.retry({})).retried).toEqual(['one']));
    expect(await store.forget({})).toBe(0);
    expect(await store.status()).toMatchObject([{ ready: 1, failed: 0 }]);
  });

  test.each([
    ['fails', failOne, 'failed'],
    ['is done', runOne, 'done'],
  ])('a job that %s is not cancelled, and stays', async (_, end, state) => {
    const { store, elsewhere } = place;
    afterLook('find', () => end(elsewhere));
    expect(await store.cancel('one')).toBeUndefined();
    expect(await store.find('one')).toMatchObject({ state });
  });

  test('a job that is cancelled by two is cancelled once', async () => {
    const { store, elsewhere } = place;
    afterLook('find', async () => expect(await elsewhere.cancel('one')).toBe('cancelled'));
    expect(await store.cancel('one')).toBeUndefined();
  });

  test('jobs that become due while their queue is cleared are cleared', async () => {
    const { store, elsewhere } = place;
    lendClock();
    const later = { availableAt: clock.now() + 1000 };
    await store.push([newJob('two', later), newJob('three', later), newJob('four', later)]);
    const clean = RedisQueueBackend.prototype.cleanJobsByState;
    const spy = jest.spyOn(RedisQueueBackend.prototype, 'cleanJobsByState');
    spy.mockImplementation(async function (this: RedisQueueBackend, state, ...rest) {
      const cleaned = await clean.call(this, state, ...rest);
      // Whoever claims lets all of them wait for their turn
      if (state === 'prioritized') travel('1s');
      await elsewhere.claim(request());
      return cleaned;
    });
    await store.clear('default');
    expect(await store.status()).toMatchObject([{ ready: 0, delayed: 0 }]);
  });

  test('a job that begins is cancelled by who has it now, not by who had it before', async () => {
    const { store, elsewhere } = place;
    await store.release(await claimOne(store, { owner: 'before' }), { availableAt: clock.now() });
    afterLook('find', () => claimOne(elsewhere, { owner: 'now' }));
    expect(await store.cancel('one')).toBe('requested');
    expect(await store.signals('now')).toMatchObject({ cancelled: ['one'] });
  });
});
