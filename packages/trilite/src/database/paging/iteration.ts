import type { SelectQueryBuilder, Simplify } from 'kysely';
import { requireWholeNumber } from '../../support/argument';
import {
  inKeysetOrder,
  uniqueKeysOf,
  refuseClauses,
  refuseOtherKeys,
  type KeyColumn,
  type UntypedQuery,
} from './keyset';

/** How a query is gone through. */
export interface IterationOptions<Column extends string> {
  /** Rows of one query. Default: 1,000. */
  readonly size?: number;
  /** A selected column that is unique and never null, which rows are ordered by. Default: 'id'. */
  readonly by?: Column;
}

/**
 * Every row of a query, fetched a chunk at a time in the order of one column.
 *
 * Between chunks nothing is held, neither memory nor a snapshot: the table may be written to meanwhile. A row that comes in behind is met, and
 * one that is deleted before its turn is not.
 *
 * @throws RangeError for a `size` that is no whole number of at least 1
 * @throws E_KEY_NULL
 */
export function lazy<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  options: IterationOptions<KeyColumn<O>> = {},
): AsyncGenerator<Simplify<O>, void, undefined> {
  return rowsOf(chunksOf(query, options));
}

/**
 * Calls a function with every row of a query, a chunk at a time, as `lazy` fetches them; `false` stops.
 *
 * @returns whether every chunk was handed on
 * @throws RangeError for a `size` that is no whole number of at least 1
 * @throws E_KEY_NULL
 */
export async function chunk<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  options: IterationOptions<KeyColumn<O>>,
  work: (rows: Simplify<O>[]) => unknown,
): Promise<boolean> {
  for await (const rows of chunksOf(query, options)) {
    if ((await work(rows)) === false) return false;
  }
  return true;
}

/** Checks at once, not when the first row is asked for. */
function chunksOf<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  { size = 1000, by }: IterationOptions<string>,
): AsyncGenerator<Simplify<O>[], void, undefined> {
  requireWholeNumber('size', size, 1);
  const untyped = query as unknown as UntypedQuery;
  refuseClauses(untyped, ['limit', 'offset', 'orderBy', 'setOperations']);
  refuseOtherKeys(untyped, [{ column: by ?? 'id' }]);
  return fetchChunks(untyped, by ?? 'id', size) as AsyncGenerator<Simplify<O>[], void, undefined>;
}

async function* fetchChunks(query: UntypedQuery, column: string, size: number) {
  const columns = [{ column }];
  let after: unknown[] | undefined;
  for (;;) {
    // One more than the chunk: it tells whether the next one begins with another key.
    const found = await inKeysetOrder(query, columns, after)
      .limit(size + 1)
      .execute();
    const keys = uniqueKeysOf(found, columns);
    if (found.length > 0) yield found.slice(0, size);
    if (found.length < size) return;
    after = keys[size - 1];
  }
}

async function* rowsOf<Row>(chunks: AsyncGenerator<Row[], void, undefined>) {
  for await (const rows of chunks) yield* rows;
}
