import { monotonicMs } from '../support/clock';
import type { Logger } from '../support/logger';
import type { CacheEvents, CacheTrouble } from './cache-events';

/** A store that does not answer is named once in so long, with how often it was asked in vain. */
const PAUSE_MS = 60_000;

/** Logs what somebody should look at. */
export function logCacheTroubles(events: CacheEvents, logger: Logger): void {
  const outages = new Map<string, { since: number; count: number }>();
  const logOutage = (store: string, error: Error): void => {
    const outage = outages.get(store) ?? { since: -PAUSE_MS, count: 0 };
    outages.set(store, outage);
    outage.count += 1;
    if (monotonicMs() - outage.since < PAUSE_MS) return;
    logger.error({ store, err: error, operations: outage.count }, error.message);
    outages.set(store, { since: monotonicMs(), count: 0 });
  };
  events.troubles.listen((event) => {
    if (event.kind === 'unavailable') logOutage(event.store, event.error);
    else logOther(event, logger);
  });
}

function logOther(
  event: Exclude<CacheTrouble, { readonly kind: 'unavailable' }>,
  logger: Logger,
): void {
  const { store } = event;
  if (event.kind === 'recreated') {
    const found = event.kept === undefined ? 'missing' : 'damaged, and is kept aside';
    logger.warn(
      { store, kept: event.kept },
      `A cache file was ${found}; a new one is in its place`,
    );
  } else if (event.kind === 'failed-over') {
    logger.warn({ store, from: event.from, err: event.error }, 'A cache store does not answer');
  } else {
    logger.error(
      { store, key: event.key, err: event.error },
      'A stale value was not computed anew',
    );
  }
}
