import { WorkListeners } from '../support/work-listeners';
import type { LockEvent } from './locks/lock';

/**
 * What happened in a cache. Keys, tags and names of locks are without the prefix of their store; a key of a namespace begins with
 * `{namespace}:`.
 */
export type CacheEvent = StoreEvent | LockEvent;

/** What happened in a store. */
export type StoreEvent = { /** Name of the store. */ readonly store: string } & (
  | { readonly kind: 'hit' | 'miss'; readonly key: string }
  | { readonly kind: 'written' | 'forgotten' | 'evicted'; readonly keys: readonly string[] }
  | { readonly kind: 'tags-cleared'; readonly tags: readonly string[] }
  | { readonly kind: 'cleared' }
  /** The store did not answer: a read became a miss, a write was lost. */
  | { readonly kind: 'unavailable'; readonly error: Error }
  /** A refresh behind a stale value failed. */
  | { readonly kind: 'refresh-failed'; readonly key: string; readonly error: Error }
  /** A store of a failover list does not answer. */
  | { readonly kind: 'failed-over'; readonly from: string; readonly error: Error }
  /** A damaged or missing file was replaced by a new one; `kept` is where the damaged one lies. */
  | { readonly kind: 'recreated'; readonly kept: string | undefined }
);

/** What somebody should look at: nobody is told by an error, for a cache takes no caller down. */
export type CacheTrouble = Extract<
  StoreEvent,
  { readonly kind: 'unavailable' | 'refresh-failed' | 'failed-over' | 'recreated' }
>;

const TROUBLES: readonly string[] = ['unavailable', 'refresh-failed', 'failed-over', 'recreated'];

/** Tells who wants to know what happens in caches. */
export class CacheEvents extends WorkListeners<CacheEvent> {
  /** For who listens to troubles alone: a listener of all events makes every read tell of itself. */
  readonly troubles = new WorkListeners<CacheTrouble>('caches');

  constructor() {
    super('caches');
  }

  override emit(event: CacheEvent): void {
    super.emit(event);
    if (isTrouble(event)) this.troubles.emit(event);
  }
}

function isTrouble(event: CacheEvent): event is CacheTrouble {
  return TROUBLES.includes(event.kind);
}
