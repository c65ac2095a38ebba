import type { Stored } from '../../support/serializer';

/** A session as a store keeps it. */
export interface StoredSession {
  readonly payload: Stored;
  /** When it was used last, as far as that was noted: epoch milliseconds. */
  readonly seenAt: number;
}

/** Makes another payload of the one that is stored now. Called while nobody else can change it. */
export type ChangePayload = (payload: Stored) => Stored;

/**
 * Where sessions are kept, by keys that say nothing of what the browser holds.
 *
 * Each method is atomic across processes. A session lives for `lifetime` of config/session.ts from when it was seen last, and for `maxLifetime`
 * from when it was given its key; after that it is as good as not there.
 */
export interface SessionStore {
  /** A living session. */
  find(key: string): Promise<StoredSession | undefined>;

  /** Keeps a new session. */
  create(key: string, payload: Stored): Promise<void>;

  /** Changes a living session, which does not make it live longer. Tells whether there is one; else `change` is not called. */
  change(key: string, change: ChangePayload): Promise<boolean>;

  /** Notes that a living session was seen. Tells whether there is one. */
  touch(key: string): Promise<boolean>;

  /** Gives a living session another key, from which on its life is counted anew; the old key is nobody's at once. Tells whether there is one. */
  move(from: string, to: string, change: ChangePayload): Promise<boolean>;

  /** Ends a session. Tells whether there was a living one. */
  remove(key: string): Promise<boolean>;

  /** Removes what has ended; tells how many sessions. */
  prune(): Promise<number>;
}
