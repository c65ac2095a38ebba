import { requireWholeNumber } from '../support/argument';
import { monotonicMs, nextTurn } from '../support/clock';

import type { Handle } from './connection-handle';
import type { HandleSet } from './connection-handles';
import type { LockWait } from './connection-wait';
import { ConnectionClosedError, explainDatabaseError, type ConnectionFacts } from './errors';

/** A stream that takes no breath for longer than this lets the event loop turn. */
const TURN_MS = 5;

/** A query to be read row by row. */
export interface StreamedQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Rows handed out at a time. */
  readonly size: number;
}

/** What a stream reads from. */
export interface StreamSource {
  readonly facts: ConnectionFacts;
  readonly handles: HandleSet;
  readonly wait: LockWait;
}

/**
 * Reads a result in pieces, from a handle of its own: one consistent state of the file from the first row to the last, whatever others
 * write meanwhile. The handle goes back when the stream ends, is left, or its connection closes.
 */
export async function* streamRows(
  { facts, handles, wait }: StreamSource,
  { sql, parameters, size }: StreamedQuery,
): AsyncGenerator<unknown[], void> {
  requireWholeNumber('size', size, 1);
  const cursor = new RowCursor(facts);
  const lease = await handles.lease(sql, () => cursor.close());
  try {
    await wait.until(() => cursor.open(lease.handle, sql, parameters));
    let turnedAt = monotonicMs();
    for (;;) {
      const piece = cursor.take(size);
      if (piece.length > 0) yield piece;
      if (piece.length < size) return;
      if (monotonicMs() - turnedAt < TURN_MS) continue;
      await nextTurn();
      turnedAt = monotonicMs();
    }
  } catch (error) {
    throw explainDatabaseError(error, facts);
  } finally {
    cursor.close();
    handles.giveBack(lease);
  }
}

/** Steps through a result; whoever closes it ends it for everybody. */
class RowCursor {
  readonly #facts: ConnectionFacts;
  #rows: Iterator<unknown> | undefined;
  #isClosed = false;

  constructor(facts: ConnectionFacts) {
    this.#facts = facts;
  }

  open(handle: Handle, sql: string, parameters: readonly unknown[]): void {
    if (this.#isClosed) throw ConnectionClosedError.for(this.#facts);
    this.#rows = handle.statement(sql).iterate(...parameters);
  }

  take(size: number): unknown[] {
    if (this.#isClosed) throw ConnectionClosedError.for(this.#facts);
    const piece: unknown[] = [];
    while (piece.length < size) {
      const next = this.#rows?.next();
      if (next === undefined || next.done === true) break;
      piece.push(next.value);
    }
    return piece;
  }

  close(): void {
    this.#isClosed = true;
    this.#rows?.return?.();
  }
}
