import { testQueueStore } from '../contracts/queue-store';
import { bullmqPlace, lendClock } from '../helpers/bullmq';
import { leavingOut } from '../helpers/left-out';
import { useRedisServer } from '../helpers/redis-server';

const server = useRedisServer();

const ONE_JOB = 'an id that is there is no error: a push may be repeated, and is one job';
const LOCK = 'a lease is a lock of Redis, which ends by the clock of the server';

/** What BullMQ does not keep, or what cannot be tried this way; ARCHITECTURE.md says more. */
const LEFT_OUT = {
  'keeps all or none': ONE_JOB,
  'that fails takes no other push of the same moment with it': ONE_JOB,
  'then by priority, then by due time, then by age':
    'within a priority, jobs come as they were pushed or became due, whatever their due time',
  'a lease that is renewed lasts from then on': LOCK,
  'takes back a job whose lease has ended': LOCK,
  'changes nothing of a job in another hand, and is told so': LOCK,
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
