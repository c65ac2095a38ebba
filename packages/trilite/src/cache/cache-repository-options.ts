import type { Duration } from '../support/duration';
import type { CacheObserver } from './cache-observer';
import type { CacheStore } from './cache-store';
import type { Computations } from './computations';
import type { Locks } from './locks/locks';

/** Finds the store at the time of each call: a repository holds a name, never a handle, and follows when a fake takes the store's place. */
export type CacheStoreSource = () => CacheStore;

/** How a missing value is computed. */
export interface RememberOptions {
  /** How long to wait for another process that computes the value, before it is computed here too. Default: '10s'. */
  readonly wait?: Duration;
}

/** How a repository names its entries, and what it shares with others on the same store. */
export interface CacheRepositoryOptions {
  /** Text before every key. Default: ''. */
  readonly prefix?: string;
  /** What every entry written here can be forgotten by. Default: nothing. */
  readonly tags?: readonly string[];
  /** Text before every tag: namespaces share their tags. What events tell of keys begins behind it. Default: the prefix. */
  readonly tagPrefix?: string;
  /** Who counts and tells what happens. Default: one of its own. */
  readonly observer?: CacheObserver;
  /** The computations of the store in this process. Default: those of this repository alone. */
  readonly computations?: Computations;
  /** Where locks are kept. Default: in the memory of this process. */
  readonly locks?: Locks;
}
