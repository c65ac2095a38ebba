import { isDeepStrictEqual } from 'node:util';
import {
  AliasNode,
  IdentifierNode,
  ReferenceNode,
  SelectAllNode,
  sql,
  type RawBuilder,
  type SelectQueryBuilder,
  type SelectQueryNode,
  type SelectionNode,
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
 * Refuses keys that are something else in a row than what the query is ordered by: what it computes, and the column of another table that
 * has the same name. Rows would be met again and again, or never.
 *
 * @throws TypeError
 */
export function refuseOtherKeys(query: UntypedQuery, columns: readonly KeysetColumn[]): void {
  const node = query.toOperationNode();
  if (node.groupBy !== undefined) {
    throw new TypeError(
      'Expected `query` to have no `group by`: page through a view or a subquery of it.',
    );
  }
  for (const { column } of columns) refuseOtherKey(node, column);
}

function refuseOtherKey(node: SelectQueryNode, column: string): void {
  const [name = '', table] = column.split('.').reverse();
  const isJoin = node.joins !== undefined || (node.from?.froms.length ?? 0) > 1;
  const given = (node.selections ?? [])
    .map(({ selection }) => givesKey(selection, { name, table, isJoin }))
    .filter((isKey) => isKey !== undefined);
  if (table === undefined && given.includes(false)) {
    throw new TypeError(
      `Expected \`query\` to be ordered by a column, got "${column}", which it computes: page through a subquery of it.`,
    );
  }
  // Of columns of one name, a row has the last.
  if (given.at(-1) !== false) return;
  throw new TypeError(
    `Expected the "${name}" of \`query\` to be "${column}", which it is ordered by: select that last, and others by another name.`,
  );
}

/** Whether a selection gives the column that is meant; undefined when it gives none of that name. */
function givesKey(
  selection: SelectionNode['selection'],
  key: { readonly name: string; readonly table: string | undefined; readonly isJoin: boolean },
): boolean | undefined {
  const { name, table, isJoin } = key;
  if (SelectAllNode.is(selection)) return table === undefined || !isJoin;
  if (AliasNode.is(selection)) {
    const { alias, node } = selection;
    if (!IdentifierNode.is(alias) || alias.name !== name) return undefined;
    return ReferenceNode.is(node) && givesKey(node, key) === true;
  }
  if (!ReferenceNode.is(selection)) return undefined;
  const { column, table: from } = selection;
  const isOfTable = table === undefined || from?.table.identifier.name === table;
  // All of a table: nobody knows whether it has one of that name.
  if (SelectAllNode.is(column)) return table === undefined ? undefined : isOfTable;
  if (column.column.name !== name) return undefined;
  return isOfTable || from === undefined;
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
