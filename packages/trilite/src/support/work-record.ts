import { currentMemory } from './scope-holder';

/** Queries kept one by one; beyond them they are counted alone, so that a loop of queries fills no memory. */
const MOST_QUERIES = 200;

/** One query of a piece of work. Without the values bound to it: they may be secrets. */
export interface RecordedQuery {
  readonly connection: string;
  readonly sql: string;
  /** How many values were bound to it. */
  readonly bindings: number;
  /** Milliseconds SQLite worked. */
  readonly durationMs: number;
  /** Milliseconds it waited before. */
  readonly waitedMs: number;
  readonly rows: number;
  readonly hasFailed: boolean;
}

/** What a piece of work has asked of databases and caches so far. */
export class WorkRecord {
  /** The first of its queries, where they are kept. */
  readonly queries: RecordedQuery[] = [];
  queryCount = 0;
  /** Milliseconds its queries took, with what they waited. */
  queryMs = 0;
  cacheHits = 0;
  cacheMisses = 0;
  readonly #keepsQueries: boolean;

  constructor(keepsQueries: boolean) {
    this.#keepsQueries = keepsQueries;
  }

  /** @param describe makes what is kept of it; called where that is kept alone */
  addQuery(tookMs: number, describe: () => RecordedQuery): void {
    this.queryCount += 1;
    this.queryMs += tookMs;
    if (this.#keepsQueries && this.queries.length < MOST_QUERIES) this.queries.push(describe());
  }

  addCacheRead(isHit: boolean): void {
    if (isHit) this.cacheHits += 1;
    else this.cacheMisses += 1;
  }
}

/** By the memory of each piece of work: WeakMap keys must be objects. */
const key = {};

/**
 * Has the current work recorded. What it runs for somebody else, such as a job or another tenant, has a memory of its own and is not in its
 * record.
 */
export function recordWork(record: WorkRecord): void {
  currentMemory()?.set(key, record);
}

/** The record of the current work; undefined where it is not recorded. */
export function currentRecord(): WorkRecord | undefined {
  return currentMemory()?.get(key) as WorkRecord | undefined;
}
