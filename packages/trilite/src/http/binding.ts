import type { Kysely, Selectable } from 'kysely';
import { Database } from '../database/database';
import type { Tables } from '../database/tables';
import type { Scope } from '../tenancy/container';

/** What a parameter of a path stands for. */
export interface ParameterBinding<T> {
  /** The parameter's name. */
  readonly parameter: string;
  /** Finds what a value names, with what belongs to whose request it is; undefined when there is none. */
  readonly find: (value: string, scope: Scope) => Promise<T | undefined> | T | undefined;
}

/** The columns of a table. */
type ColumnOf<T extends keyof Tables> = Extract<keyof Tables[T], string>;

/** How a row is found. */
export interface RowBindingOptions<K extends string> {
  /** The column that the parameter is compared with. Default: `id`. */
  readonly key?: K;
  /** Name of the connection. Default: the default one. */
  readonly connection?: string;
}

/**
 * Has a parameter stand for what a function finds: `undefined` is 404.
 *
 * @example
 * import { bindParameter, CacheRepository } from 'trilite';
 *
 * export const theDraft = bindParameter('draft', (value, scope) =>
 *   scope.make(CacheRepository).get<{ text: string }>(`drafts.${value}`),
 * );
 */
export function bindParameter<T>(
  parameter: string,
  find: (value: string, scope: Scope) => Promise<T | undefined> | T | undefined,
): ParameterBinding<T> {
  return { parameter, find };
}

/**
 * Has a parameter stand for a row: by its `id`, or by the value of another column. In the work of a tenant it is that tenant's row.
 *
 * @example
 * import { bindRow, defineRoutes, type Generated, type Request } from 'trilite';
 *
 * declare module 'trilite' {
 *   interface Tables {
 *     posts: { id: Generated<number>; title: string };
 *   }
 * }
 *
 * export const thePost = bindRow('post', 'posts');
 *
 * export default defineRoutes((route) => {
 *   route.get('/posts/:post', (request: Request) => request.bound(thePost).title).bind(thePost);
 * });
 */
export function bindRow<T extends Extract<keyof Tables, string>>(
  parameter: string,
  table: T,
  { key, connection }: RowBindingOptions<ColumnOf<T>> = {},
): ParameterBinding<Selectable<Tables[T]>> {
  return bindParameter(parameter, async (value, scope) => {
    const db = scope.make(Database);
    const from = connection === undefined ? db : db.connection(connection);
    const anyTable = from as unknown as Kysely<Record<string, Record<string, string>>>;
    const column = key ?? 'id';
    const query = anyTable
      .selectFrom(table as string)
      .selectAll()
      .where(column, '=', value);
    const row: Record<string, unknown> | undefined = await query.limit(1).executeTakeFirst();
    return row !== undefined && isNamedBy(value, row[column])
      ? (row as Selectable<Tables[T]>)
      : undefined;
  });
}

/** To SQLite "1e1" and "010" are the number 10 where the column holds numbers; they would be other addresses of the same page. */
function isNamedBy(value: string, key: unknown): boolean {
  return typeof key === 'string' || String(key) === value;
}
