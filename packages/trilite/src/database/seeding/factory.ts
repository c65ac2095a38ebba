import type { Kysely } from 'kysely';
import { requireWholeNumber } from '../../support/argument';
import type { Tables } from '../tables';
import { fakerOf, seedFakers } from './faker';
import type {
  Attributes,
  FactoryContext,
  FactoryHook,
  FactoryTable,
  InsertedRow,
  MadeRow,
  OneOrMany,
  Overlay,
} from './factory-types';
import { insertRows, type Row, type UntypedDatabase } from './insert-rows';

/** What a factory differs in from its definition. */
export interface FactoryOptions<T extends FactoryTable, D, State extends string> {
  /** Named differences, for `state`. */
  readonly states?: Readonly<Record<State, Overlay<T, D>>>;
  /** The language of what `faker` invents, such as 'de' or 'pt_BR'. Default: 'en'. */
  readonly locale?: string;
}

interface FactoryParts<T extends FactoryTable, D extends object> {
  readonly table: T;
  readonly definition: (context: FactoryContext) => D;
  readonly states: Readonly<Record<string, Overlay<T, D>>>;
  readonly locale: string;
  readonly count: number | undefined;
  /** Applied in this order; each goes round its overlays, row by row. */
  readonly cycles: readonly (readonly Overlay<T, D>[])[];
  readonly hooks: readonly FactoryHook<T>[];
}

let sequences = new WeakMap<object, number>();

/**
 * Describes how rows of a table are invented.
 *
 * A value may be a function of the transaction: it is called by `create`, for what has to be inserted first.
 *
 * @example
 * import { defineFactory, type Generated } from 'trilite';
 *
 * declare module 'trilite' {
 *   interface Tables {
 *     authors: { id: Generated<number>; name: string; email: string; role: Generated<string> };
 *     books: { id: Generated<number>; author_id: number; title: string };
 *   }
 * }
 *
 * export const authorFactory = defineFactory(
 *   'authors',
 *   ({ faker, sequence }) => ({ name: faker.person.fullName(), email: `author${sequence}\@example.test` }),
 *   { states: { admin: { role: 'admin' } } },
 * );
 *
 * export const bookFactory = defineFactory('books', ({ faker }) => ({
 *   title: faker.lorem.sentence(),
 *   author_id: (db) => authorFactory.create(db).then((author) => author.id),
 * }));
 */
export function defineFactory<
  T extends FactoryTable,
  D extends Attributes<T>,
  State extends string = never,
>(
  table: T,
  definition: (context: FactoryContext) => D,
  options: FactoryOptions<T, D, State> = {},
): Factory<T, D, State> {
  const { states = {}, locale = 'en' } = options;
  return new Factory({
    table,
    definition,
    states,
    locale,
    count: undefined,
    cycles: [],
    hooks: [],
  });
}

/**
 * Makes the values that factories invent from here on repeatable: the same number, the same values in the same order, and `sequence` from 1.
 *
 * @throws RangeError for anything but a whole number of at least 0
 */
export function seedFactories(seed: number): void {
  requireWholeNumber('seed', seed, 0);
  seedFakers(seed);
  sequences = new WeakMap();
}

/** Invents rows of one table. Each method returns a new factory, and changes none. */
export class Factory<
  T extends FactoryTable,
  D extends object,
  State extends string = never,
  Many extends boolean = false,
> {
  readonly #parts: FactoryParts<T, D>;

  /** @internal `defineFactory` calls it. */
  constructor(parts: FactoryParts<T, D>) {
    this.#parts = parts;
  }

  /**
   * Makes `make` and `create` answer with a list of that many rows.
   *
   * @throws RangeError for anything but a whole number of at least 0
   */
  count(count: number): Factory<T, D, State, true> {
    requireWholeNumber('count', count, 0);
    return new Factory({ ...this.#parts, count });
  }

  /** Applies a state by name, columns, or a function of the columns so far. What comes later wins. */
  state(state: State | Overlay<T, D>): Factory<T, D, State, Many> {
    return this.sequence(typeof state === 'string' ? this.#stateNamed(state) : state);
  }

  /** Applies the first to the first row, the second to the second, and begins anew after the last. */
  sequence(...overlays: readonly [Overlay<T, D>, ...Overlay<T, D>[]]): Factory<T, D, State, Many> {
    return new Factory({ ...this.#parts, cycles: [...this.#parts.cycles, overlays] });
  }

  /** Calls a function with each row once all are inserted, in the same transaction: for rows that point back at it. */
  afterCreating(hook: FactoryHook<T>): Factory<T, D, State, Many> {
    return new Factory({ ...this.#parts, hooks: [...this.#parts.hooks, hook] });
  }

  /**
   * The row, or the list after `count`, as it would be inserted. Asks no database: columns whose value is a function are left out.
   *
   * @throws E_FACTORY_FAKER_MISSING
   */
  make(): OneOrMany<Many, MadeRow<T, D>> {
    return this.#oneOrMany(this.#rows().map(withoutRelations));
  }

  /**
   * Inserts the row, or the list after `count`, and answers with what the database has now, defaults included. All of it, with what
   * relations and hooks insert, is one transaction: the one that `db` is, or one of its own.
   *
   * @throws E_FACTORY_FAKER_MISSING, E_DATABASE_QUERY
   */
  async create(db: Kysely<Tables>): Promise<OneOrMany<Many, InsertedRow<T>>> {
    const stored = db.isTransaction
      ? await this.#insert(db)
      : await db.transaction().execute((trx) => this.#insert(trx));
    return this.#oneOrMany(stored);
  }

  async #insert(db: Kysely<Tables>): Promise<Row[]> {
    const rows: Row[] = [];
    for (const row of this.#rows()) rows.push(await withRelations(row, db));
    const stored = await insertRows(db as unknown as UntypedDatabase, this.#parts.table, rows);
    for (const row of stored) {
      for (const hook of this.#parts.hooks) await hook(row as InsertedRow<T>, db);
    }
    return stored;
  }

  #rows(): Row[] {
    return Array.from({ length: this.#parts.count ?? 1 }, (_, index) => this.#row(index));
  }

  #row(index: number): Row {
    const { definition, cycles } = this.#parts;
    const context = this.#context(index);
    const row: D = { ...definition(context) };
    for (const cycle of cycles) {
      const overlay = cycle[index % cycle.length];
      Object.assign(row, typeof overlay === 'function' ? overlay(row, context) : overlay);
    }
    return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
  }

  #context(index: number): FactoryContext {
    const { definition, locale, table } = this.#parts;
    const sequence = (sequences.get(definition) ?? 0) + 1;
    sequences.set(definition, sequence);
    return {
      sequence,
      index,
      // Not before it is asked for: a factory of fixed values works in production, too
      get faker() {
        return fakerOf(locale, table);
      },
    };
  }

  #stateNamed(name: State): Overlay<T, D> {
    const { states, table } = this.#parts;
    if (Object.hasOwn(states, name)) return states[name] as Overlay<T, D>;
    const known = Object.keys(states).join(', ') || 'none';
    throw new TypeError(
      `Expected \`state\` to be one of the factory of "${String(table)}" (${known}), got \`${name}\`.`,
    );
  }

  #oneOrMany<R>(rows: readonly Row[]): OneOrMany<Many, R> {
    return (this.#parts.count === undefined ? rows[0] : rows) as OneOrMany<Many, R>;
  }
}

function withoutRelations(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value !== 'function'));
}

/** One after the other: they share a transaction, and what they insert is to have the same keys each time. */
async function withRelations(row: Row, db: Kysely<Tables>): Promise<Row> {
  const inserted: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(row)) {
    inserted[column] =
      typeof value === 'function' ? await (value as (db: Kysely<Tables>) => unknown)(db) : value;
  }
  return inserted;
}
