import { BullmqQueueStore } from '../../src/queue/bullmq/bullmq-queue-store';
import { clock } from '../../src/support/clock';
import type { RedisServer } from './redis-server';

/** Two stores that lead to the same jobs, as those of two processes would. */
export interface BullmqPlace {
  readonly store: BullmqQueueStore;
  readonly elsewhere: BullmqQueueStore;
  /** What the keys of its queues begin with. */
  readonly prefix: string;
  close(): Promise<void>;
}

const realNow = Date.now.bind(Date);
let places = 0;

/** Queues below a prefix nobody else has. */
export function bullmqPlace(server: RedisServer, keepsDone = true): BullmqPlace {
  const prefix = `test-${(places += 1)}`;
  const options = { url: server.url, prefix, keepsDone };
  const store = new BullmqQueueStore(options);
  const elsewhere = new BullmqQueueStore(options);
  return {
    store,
    elsewhere,
    prefix,
    close: async () => {
      await Promise.all([store.close(), elsewhere.close()]);
    },
  };
}

/**
 * Lets `Date.now` say what the clock of the tests says. BullMQ's scripts are told the time by who calls them, so its delays travel as well;
 * locks do not, for the server ends those.
 */
export function lendClock(): jest.SpyInstance {
  let isAsking = false;
  return jest.spyOn(Date, 'now').mockImplementation(() => {
    if (isAsking) return realNow(); // a clock that runs asks here
    isAsking = true;
    try {
      return clock.now();
    } finally {
      isAsking = false;
    }
  });
}
