import type { Faker } from '@faker-js/faker';
import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Tables } from '../tables';

/** A table by name. */
export type FactoryTable = Extract<keyof Tables, string>;

/** What a factory invents a row from. */
export interface FactoryContext {
  /** Inventor of names, texts, numbers and dates, of @faker-js/faker. @see https://fakerjs.dev/api */
  readonly faker: Faker;
  /** 1 for the first row of this definition in this process, and one more for each after it: for columns that must be unique. */
  readonly sequence: number;
  /** 0 for the first row of this `make` or `create`. */
  readonly index: number;
}

/** Gets the value of a column by inserting something first. */
export type Relation<V> = (db: Kysely<Tables>) => V | Promise<V>;

/** The columns of a row, each a value or a function that gets it when the row is created. */
export type Attributes<T extends FactoryTable> = {
  readonly [K in keyof Insertable<Tables[T]>]:
    Insertable<Tables[T]>[K] | Relation<Insertable<Tables[T]>[K]>;
};

/** Columns that a definition gives as functions. */
type RelationOf<D> = {
  [K in keyof D]: Extract<D[K], Relation<unknown>> extends never ? never : K;
}[keyof D];

/** Other values for some columns. Where the definition gives a value it stays a value, so that `make` has it. */
export type OverlayColumns<T extends FactoryTable, D> = {
  readonly [K in keyof Insertable<Tables[T]>]?:
    | Insertable<Tables[T]>[K]
    | (K extends Exclude<keyof D, RelationOf<D>> ? never : Relation<Insertable<Tables[T]>[K]>);
};

/** Other values for some columns, or a function that gives them from the columns so far. */
export type Overlay<T extends FactoryTable, D> =
  OverlayColumns<T, D> | ((row: Readonly<D>, context: FactoryContext) => OverlayColumns<T, D>);

/** What is called with each row that was created. Its result is awaited. */
export type FactoryHook<T extends FactoryTable> = (
  row: InsertedRow<T>,
  db: Kysely<Tables>,
) => unknown;

/** A row as it would be inserted, without the columns that need a database. */
export type MadeRow<T extends FactoryTable, D> = Omit<Insertable<Tables[T]>, RelationOf<D>>;

/** A row as the database has it. */
export type InsertedRow<T extends FactoryTable> = Selectable<Tables[T]>;

/** A list once `count` was called. */
export type OneOrMany<Many extends boolean, Row> = Many extends true ? Row[] : Row;
