import { inspect } from 'node:util';
import type { Selectable } from 'kysely';
import type { Application } from '../application';
import type { Tables } from '../database/tables';
import { currentScope } from '../support/scope-holder';
import { expectThat } from './expectation';

/** The name of a table: one of those that `db:types` knows, or any other. */
// eslint-disable-next-line @typescript-eslint/no-redundant-type-constituents -- an application adds its tables to `Tables`
export type AssertedTable = Extract<keyof Tables, string> | (string & Record<never, never>);

/** What a row is to have: columns and their values, as they are read. */
export type AssertedValues<T extends AssertedTable> = T extends keyof Tables
  ? { readonly [K in keyof Selectable<Tables[T]>]?: Selectable<Tables[T]>[K] | null }
  : Readonly<Record<string, unknown>>;

/** Which table is meant. */
export interface DatabaseAssertionOptions {
  /** Name of a connection. Default: the default one. */
  readonly connection?: string;
  /** Id of a tenant. Default: whose work it is; outside of any, the application's own. */
  readonly tenant?: string;
}

type Row = Readonly<Record<string, unknown>>;

/** Rows that a message shows at most. */
const SHOWN_ROWS = 5;

/** Asserts what rows lie in the tables of an application. */
export class DatabaseAssertions {
  readonly #app: Application;

  constructor(app: Application) {
    this.#app = app;
  }

  async has(table: string, values: Row, options: DatabaseAssertionOptions): Promise<void> {
    const { rows, fitting, where } = await this.#look(table, values, options);
    expectThat(
      fitting.length > 0,
      `Expected a row ${shown(values)} in ${where}; ${listed(nearestFirst(rows, values))}`,
    );
  }

  async missing(table: string, values: Row, options: DatabaseAssertionOptions): Promise<void> {
    const { fitting, where } = await this.#look(table, values, options);
    expectThat(
      fitting.length === 0,
      `Expected no row ${shown(values)} in ${where}; ${listed(fitting)}`,
    );
  }

  async count(table: string, expected: number, options: DatabaseAssertionOptions): Promise<void> {
    const { rows, where } = await this.#look(table, {}, options);
    expectThat(
      rows.length === expected,
      `Expected ${expected === 1 ? '1 row' : `${expected} rows`} in ${where}; ${listed(rows)}`,
    );
  }

  async #look(
    table: string,
    values: Row,
    { connection, tenant }: DatabaseAssertionOptions,
  ): Promise<{ rows: readonly Row[]; fitting: readonly Row[]; where: string }> {
    const all = (): Promise<[Row[], Row[]]> => {
      const rows = this.#app.database(connection).selectFrom(table as never);
      const fitting = Object.entries(values).reduce((query, [column, value]) => {
        if (value === undefined) throw undefinedValue(table, column);
        return value === null
          ? query.where(column as never, 'is', null as never)
          : query.where(column as never, '=', value as never);
      }, rows);
      return Promise.all([rows, fitting].map((one) => one.selectAll().execute())) as never;
    };
    const { tenancy } = this.#app;
    const inWork = async (): Promise<[Row[], Row[]]> =>
      currentScope() === undefined ? tenancy.central(all) : all();
    const [rows, fitting] = await (tenant === undefined ? inWork() : tenancy.run(tenant, all));
    const whose = tenant ?? tenancy.current()?.id;
    const name = connection ?? this.#app.connections.defaultName;
    const where = `the table "${table}" of the connection "${name}"`;
    return { rows, fitting, where: whose === undefined ? where : `${where} of tenant "${whose}"` };
  }
}

/** A variable that holds nothing would have most assertions pass. */
function undefinedValue(table: string, column: string): TypeError {
  return new TypeError(
    `Expected a value for the column "${column}" of the table "${table}", got undefined; NULL is null.`,
  );
}

/** Rows that have most of the values first: that is where a person looks for the difference. */
function nearestFirst(rows: readonly Row[], values: Row): Row[] {
  const shared = (row: Row): number =>
    Object.entries(values).filter(([column, value]) => row[column] === value).length;
  return [...rows].sort((one, other) => shared(other) - shared(one));
}

function listed(rows: readonly Row[]): string {
  if (rows.length === 0) return 'there is none.';
  const lines = rows.slice(0, SHOWN_ROWS).map((row) => `  ${shown(row)}`);
  const more = rows.length - lines.length;
  if (more > 0) lines.push(`  and ${more} more`);
  return `there ${rows.length === 1 ? 'is 1' : `are ${rows.length}`}:\n${lines.join('\n')}`;
}

function shown(row: Row): string {
  return inspect(row, { breakLength: Infinity, maxStringLength: 200 });
}
