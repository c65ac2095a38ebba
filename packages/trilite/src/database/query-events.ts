import { WorkListeners } from '../support/work-listeners';

/** A query that was run through `Database`. */
export interface QueryEvent {
  /** Name of the connection. */
  readonly connection: string;
  readonly sql: string;
  /** The values bound to it, as they were given: they may be secrets. */
  readonly parameters: readonly unknown[];
  /** Milliseconds SQLite worked: the event loop stood still for as long. 0 when it never came to that. */
  readonly durationMs: number;
  /** Milliseconds it waited before: for its turn, for a transaction of this process, for a lock of another. */
  readonly waitedMs: number;
  /** Rows read, or changed. */
  readonly rows: number;
  /** What it failed with. */
  readonly error?: unknown;
}

/** Hears of queries, after each. What it throws becomes a process warning: the query itself has succeeded. */
export type QueryListener = (event: QueryEvent) => void;

/** Tells who wants to know what queries were run. */
export class QueryEvents extends WorkListeners<QueryEvent> {
  constructor() {
    super('queries');
  }
}
