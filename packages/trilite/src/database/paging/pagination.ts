import { sql, type QueryExecutorProvider, type SelectQueryBuilder, type Simplify } from 'kysely';
import { decodeCursor, encodeCursor, type CursorPosition } from './cursor';
import { PaginationInvalidError } from './errors';
import {
  inKeysetOrder,
  keyOf,
  uniqueKeysOf,
  refuseClauses,
  refuseOtherKeys,
  type KeyColumn,
  type KeysetColumn,
  type UntypedQuery,
} from './keyset';

/** Which page, and how long. Both may come from a query string: what is no number is an error with status 400. */
export interface PaginateOptions {
  /** A whole number of at least 1, or its digits. Default: 1. */
  readonly page?: unknown;
  /** A whole number from 1 to 1,000, or its digits. Default: 15. */
  readonly perPage?: unknown;
}

/** A page by its number. */
export interface Page<Row> {
  readonly data: Row[];
  /** Rows of all pages. */
  readonly total: number;
  readonly page: number;
  readonly perPage: number;
  /** At least 1. */
  readonly lastPage: number;
}

/** Where a page begins, and how long it is. */
export interface CursorPaginateOptions<Column extends string> {
  /** Selected columns that together are unique and never null, such as a date and then the id. */
  readonly orderBy: readonly KeysetColumn<Column>[];
  /** A whole number from 1 to 1,000, or its digits. Default: 15. */
  readonly perPage?: unknown;
  /** `nextCursor` or `previousCursor` of another page; may come from a query string. Default: the first page. */
  readonly cursor?: unknown;
}

/** A page by its place in an order. */
export interface CursorPage<Row> {
  readonly data: Row[];
  readonly perPage: number;
  /** For the page behind this one; null on the last. */
  readonly nextCursor: string | null;
  /** For the page before this one; null on the first. */
  readonly previousCursor: string | null;
}

/** What is longer than this is not a page: `lazy` and `chunk` go through it. */
const LONGEST_PAGE = 1000;
const LAST_PAGE = Math.floor(Number.MAX_SAFE_INTEGER / LONGEST_PAGE);

/**
 * The page of that number, and how many rows there are in all.
 *
 * Counts every row of the query at each call, and later pages take longer. A page behind the last is empty.
 *
 * @param db the database or transaction that counts
 * @throws E_PAGINATION_INVALID status 400
 */
export async function paginate<DB, TB extends keyof DB, O>(
  db: QueryExecutorProvider,
  query: SelectQueryBuilder<DB, TB, O>,
  options: PaginateOptions = {},
): Promise<Page<Simplify<O>>> {
  const rows = query as unknown as UntypedQuery;
  refuseClauses(rows, ['limit', 'offset']);
  const page = wholeNumber('page', options.page ?? 1, LAST_PAGE);
  const perPage = wholeNumber('perPage', options.perPage ?? 15, LONGEST_PAGE);
  const total = await countRows(db, rows);
  const data = await query
    .limit(perPage)
    .offset((page - 1) * perPage)
    .execute();
  return { data, total, page, perPage, lastPage: Math.max(1, Math.ceil(total / perPage)) };
}

/**
 * The page behind or before a cursor, without counting: every page takes the same time where an index has the order, and rows that come or
 * go meanwhile shift none.
 *
 * @throws E_CURSOR_INVALID status 400, E_PAGINATION_INVALID status 400, E_KEY_NULL
 */
export async function cursorPaginate<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  { orderBy, perPage: asked, cursor }: CursorPaginateOptions<KeyColumn<O>>,
): Promise<CursorPage<Simplify<O>>> {
  const untyped = query as unknown as UntypedQuery;
  refuseClauses(untyped, ['limit', 'offset', 'orderBy', 'setOperations']);
  refuseOtherKeys(untyped, orderBy);
  const order = orderText(untyped, orderBy);
  const perPage = wholeNumber('perPage', asked ?? 15, LONGEST_PAGE);
  const position = cursor == null ? undefined : decodeCursor(cursor, order, orderBy.length);
  const { rows, hasMore } = await pageAt(untyped, orderBy, { position, perPage });
  const keys = rows.map((row) => keyOf(row, orderBy));
  const isBackward = position?.direction === 'previous';
  const cursorAt = (
    key: readonly unknown[] | undefined,
    direction: CursorPosition['direction'],
    exists: boolean,
  ): string | null =>
    key === undefined || !exists ? null : encodeCursor({ key, direction }, order);
  return {
    data: rows as Simplify<O>[],
    perPage,
    nextCursor: cursorAt(keys.at(-1), 'next', isBackward || hasMore),
    previousCursor: cursorAt(keys[0], 'previous', isBackward ? hasMore : position !== undefined),
  };
}

/** One row more than the page tells whether there is another. */
async function pageAt(
  query: UntypedQuery,
  orderBy: readonly KeysetColumn[],
  { position, perPage }: { position: CursorPosition | undefined; perPage: number },
): Promise<{ rows: Record<string, unknown>[]; hasMore: boolean }> {
  const isBackward = position?.direction === 'previous';
  const order = isBackward ? orderBy.map(turned) : orderBy;
  const found = await inKeysetOrder(query, order, position?.key)
    .limit(perPage + 1)
    .execute();
  uniqueKeysOf(found, order);
  const rows = found.slice(0, perPage);
  return { rows: isBackward ? rows.reverse() : rows, hasMore: found.length > perPage };
}

function turned({ column, direction }: KeysetColumn): KeysetColumn {
  return { column, direction: direction === 'desc' ? 'asc' : 'desc' };
}

/**
 * What a cursor is valid for: these columns in these directions, of what the query selects from. Values in it are no part of that: a subquery
 * up to now has another one at each call.
 */
function orderText(query: UntypedQuery, orderBy: readonly KeysetColumn[]): string {
  if (orderBy.length === 0) {
    throw new TypeError('Expected `orderBy` to name at least one column, got `[]`.');
  }
  const { from } = query.toOperationNode();
  const columns = orderBy.map(({ column, direction = 'asc' }) => [column, direction]);
  return JSON.stringify([columns, from], (_, value: unknown) => (isValue(value) ? '?' : value));
}

function isValue(value: unknown): boolean {
  if (typeof value === 'bigint') return true;
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : '';
  return kind === 'ValueNode' || kind === 'PrimitiveValueListNode';
}

async function countRows(db: QueryExecutorProvider, query: UntypedQuery): Promise<number> {
  const counted = query.clearOrderBy().as('counted');
  const { rows } = await sql<{ total: number | string }>`
    select count(*) as total from ${counted}`.execute(db);
  return Number(rows[0]?.total); // Postgres counts in text
}

function wholeNumber(name: string, found: unknown, most: number): number {
  const value = typeof found === 'string' && /^\d{1,16}$/.test(found) ? Number(found) : found;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) {
    return value;
  }
  throw PaginationInvalidError.number(name, found, most);
}
