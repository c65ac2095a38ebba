import { AsyncResource } from 'node:async_hooks';
import type { ScopeIdentity } from '../support/scope-holder';
import type { Handle } from './connection-handle';
import type { Session, Work } from './connection-session';

// What waits for the writer of a connection.

/** How a write is run. */
export interface WriteOptions {
  /** Whether it runs several statements, which must then succeed or fail together. Default: false. */
  readonly several?: boolean;
}

/** How a read is run. */
export interface ReadOptions {
  /** Whether, inside a transaction of this connection, it runs in that transaction. Default: true. */
  readonly join?: boolean;
}

/** How a transaction is run. */
export interface TransactionOptions {
  /**
   * Whether foreign keys are enforced in it. Default: true, if the connection enforces them. Off, `DROP TABLE` leaves child rows alone, and
   * whoever turned it off looks for rows without a parent before the end. Of no effect inside another transaction.
   */
  readonly foreignKeys?: boolean;
}

/** Whoever waits for the writer. */
export interface Waiting {
  /** Since when, by the monotonic clock. */
  readonly askedAt: number;
  readonly reject: (error: unknown) => void;
}

export interface WriteEntry extends Waiting {
  readonly kind: 'write';
  readonly several: boolean;
  /** Whose async context it runs in: the one it was asked for in. */
  readonly context: AsyncResource;
  readonly work: Work<unknown>;
  readonly resolve: (value: unknown) => void;
}

export interface TransactionEntry extends Waiting {
  readonly kind: 'transaction';
  /** Whose session was current where it was asked for. */
  readonly parent: Session | undefined;
  /** For whose work. */
  readonly owner: ScopeIdentity | undefined;
  readonly foreignKeys: boolean;
  readonly resolve: (session: Session) => void;
}

export interface WaitingRead extends Waiting {
  /** How many writes have to be served before it. */
  readonly after: number;
  readonly resume: () => void;
}

export type Outcome = { readonly entry: WriteEntry } & (
  { readonly value: unknown } | { readonly error: unknown }
);

/** The async context a write is asked for in. Nothing listens for its end: Node need not watch for its collection. */
export function currentContext(): AsyncResource {
  return new AsyncResource('trilite.write', { requireManualDestroy: true });
}

/** Not `AsyncResource.bind`: on Node 20 that costs more than the write. */
export function runInContext(handle: Handle, { context, work }: WriteEntry): unknown {
  return context.runInAsyncScope(work, undefined, handle);
}

export function settle(outcome: Outcome): void {
  if ('error' in outcome) outcome.entry.reject(outcome.error);
  else outcome.entry.resolve(outcome.value);
}
