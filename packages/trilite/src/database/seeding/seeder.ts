/** What a seeder is called with. */
export interface SeederContext {
  /** Runs other seeders one after the other, each made for whom the work is: a tenant's inside `tenancy.run`. */
  readonly call: (...seeders: readonly SeederClass[]) => Promise<void>;
}

/**
 * Fills tables with data. Found in database/seeders, and made by the container: its constructor may ask for anything injectable.
 *
 * `artisan db:seed` runs `DatabaseSeeder`, which calls the others. Nothing holds a seeder together: what ran before one that fails stays.
 *
 * @example
 * import { Database, injectable, type Seeder, type SeederContext } from 'trilite';
 *
 * declare module 'trilite' {
 *   interface Tables {
 *     countries: { code: string; name: string };
 *   }
 * }
 *
 * \@injectable()
 * export class CountrySeeder implements Seeder {
 *   constructor(private readonly db: Database) {}
 *
 *   async run() {
 *     const countries = [{ code: 'FR', name: 'France' }, { code: 'PE', name: 'Peru' }];
 *     await this.db.insertInto('countries').values(countries).onConflict((on) => on.doNothing()).execute();
 *   }
 * }
 *
 * export class DatabaseSeeder implements Seeder {
 *   async run({ call }: SeederContext) {
 *     await call(CountrySeeder);
 *   }
 * }
 */
export interface Seeder {
  run(context: SeederContext): Promise<void> | void;
}

/** A seeder's class. */
export type SeederClass = new (...dependencies: never[]) => Seeder;

/** Tells whether something a file exports is a seeder class. */
export function isSeederClass(value: unknown): value is SeederClass {
  return (
    typeof value === 'function' &&
    typeof (value.prototype as Partial<Seeder> | undefined)?.run === 'function'
  );
}
