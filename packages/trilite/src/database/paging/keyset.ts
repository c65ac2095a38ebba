import { isDeepStrictEqual } from 'node:util';
import {
  ColumnNode,
  IdentifierNode,
  ReferenceNode,
  sql,
  type AliasNode,
  type RawBuilder,
  type SelectQueryBuilder,
  type SelectQueryNode,
  type SqlBool,
} from 'kysely';
import { KeyInexactError, KeyNotUniqueError, KeyNullError } from './errors';

/** A query of which nobody knows tables and columns by type. */
export type UntypedQuery = SelectQueryBuilder<
  Record<string, Record<string, unknown>>,
  string,
  Record<string, unknown>
>;

/** A selected column that is never null, by its name or as `table.column` where several tables have it. */
export type KeyColumn<O> = {
  [K in Extract<keyof O, string>]: null extends O[K] ? never : K | `${string}.${K}`;
}[Extract<keyof O, string>];

/** A column that rows are ordered by. */
export interface KeysetColumn<Column extends string = string> {
  readonly column: Column;
  /** Default: 'asc'. */
  readonly direction?: 'asc' | 'desc';
}

/**
 * A query in the order of its key columns, and behind a key where one is given.
 *
 * @see https://use-the-index-luke.com/no-offset why a key, and no offset
 */
export function inKeysetOrder(
  query: UntypedQuery,
  columns: readonly KeysetColumn[],
  after?: readonly unknown[],
): UntypedQuery {
  const rest = after === undefined ? query : query.where(isBehind(columns, after));
  return columns.reduce(
    (ordered, { column, direction = 'asc' }) => ordered.orderBy(sql.ref(column), direction),
    rest,
  );
}

/**
 * The values of a row's key columns.
 *
 * @throws E_KEY_NULL: nothing is behind null; E_KEY_INEXACT: an integer beyond 2^53 comes rounded, and rows would be met twice or never
 */
export function keyOf(
  row: Readonly<Record<string, unknown>>,
  columns: readonly KeysetColumn[],
): unknown[] {
  return columns.map(({ column }) => {
    const name = column.slice(column.lastIndexOf('.') + 1);
    if (!Object.hasOwn(row, name)) {
      throw new TypeError(`Expected \`query\` to select "${name}", which it is ordered by.`);
    }
    const value = row[name];
    if (value === null) throw KeyNullError.in(column);
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw KeyInexactError.in(column);
    return value;
  });
}

/**
 * The keys of rows that lie in order, the first of the next page or chunk among them.
 *
 * @throws E_KEY_NOT_UNIQUE when two rows have the same: one of them would be passed over at the end of a page
 */
export function uniqueKeysOf(
  rows: readonly Readonly<Record<string, unknown>>[],
  columns: readonly KeysetColumn[],
): unknown[][] {
  const keys = rows.map((row) => keyOf(row, columns));
  const isTwice = keys.some((key, index) => index > 0 && isDeepStrictEqual(key, keys[index - 1]));
  if (isTwice) throw KeyNotUniqueError.in(columns.map(({ column }) => column));
  return keys;
}

const CLAUSES = {
  limit: 'limit',
  offset: 'offset',
  orderBy: 'orderBy',
  setOperations: 'union',
} as const;

/**
 * Refuses keys that the query computes: ORDER BY would mean what is selected, and WHERE the column of that name.
 *
 * @throws TypeError
 */
export function refuseComputedKeys(query: UntypedQuery, columns: readonly KeysetColumn[]): void {
  const node = query.toOperationNode();
  if (node.groupBy !== undefined) {
    throw new TypeError(
      'Expected `query` to have no `group by`: page through a view or a subquery of it.',
    );
  }
  const computed = (node.selections ?? []).flatMap(({ selection }) =>
    selection.kind === 'AliasNode' && IdentifierNode.is(selection.alias) && !isColumn(selection)
      ? [selection.alias.name]
      : [],
  );
  const found = columns.find(({ column }) => computed.includes(column));
  if (found === undefined) return;
  throw new TypeError(
    `Expected \`query\` to be ordered by a column, got "${found.column}", which it computes: page through a subquery of it.`,
  );
}

/** Whether an alias gives a column its own name. */
function isColumn({ alias, node }: AliasNode): boolean {
  if (!ReferenceNode.is(node) || !ColumnNode.is(node.column) || !IdentifierNode.is(alias)) {
    return false;
  }
  return node.column.column.name === alias.name;
}

/** Refuses a query with clauses that the caller sets itself, or that it cannot page through. */
export function refuseClauses(
  query: UntypedQuery,
  clauses: readonly (keyof typeof CLAUSES & keyof SelectQueryNode)[],
): void {
  const node = query.toOperationNode();
  const found = clauses.find((clause) => node[clause] !== undefined);
  if (found === undefined) return;
  throw new TypeError(`Expected \`query\` to have no \`${CLAUSES[found]}\` of its own.`);
}

/**
 * Not `(a, b) > (?, ?)`: that knows one direction for all columns. The bound on the first column, which says nothing new, is what an index
 * is searched by.
 */
function isBehind(columns: readonly KeysetColumn[], key: readonly unknown[]): RawBuilder<SqlBool> {
  const [first, ...others] = columns;
  if (first === undefined) return sql`false`;
  const column = sql.ref(first.column);
  const operator = first.direction === 'desc' ? '<' : '>';
  const isBeyond = sql<SqlBool>`${column} ${sql.raw(operator)} ${key[0]}`;
  if (others.length === 0) return isBeyond;
  const isAtLeast = sql<SqlBool>`${column} ${sql.raw(`${operator}=`)} ${key[0]}`;
  return sql`(${isAtLeast} and (${isBeyond} or ${isBehind(others, key.slice(1))}))`;
}
