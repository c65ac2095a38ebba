import type { Faker } from '@faker-js/faker';
import { clock } from '../../support/clock';
import { FactoryError } from './errors';

const fakers = new Map<string, Faker>();
let seed: number | undefined;

/**
 * The inventor of values of a locale; loaded at first use, for production has none. Its "now" is the clock's.
 *
 * @param table whose factory asks
 * @throws E_FACTORY_FAKER_MISSING, E_FACTORY_LOCALE_UNKNOWN
 */
export function fakerOf(locale: string, table: string): Faker {
  const known = fakers.get(locale);
  if (known !== undefined) return known;
  const faker = load(locale, table);
  faker.setDefaultRefDate(() => clock.date());
  if (seed !== undefined) faker.seed(seed);
  fakers.set(locale, faker);
  return faker;
}

/** Starts every locale's row of values anew, from a number. */
export function seedFakers(value: number): void {
  seed = value;
  for (const faker of fakers.values()) faker.seed(value);
}

/** One locale alone: all of them take five times as long. */
function load(locale: string, table: string): Faker {
  try {
    find('@faker-js/faker');
  } catch (error) {
    throw FactoryError.fakerMissing(table, error);
  }
  try {
    const path = find(`@faker-js/faker/locale/${locale}`);
    return (require(path) as typeof import('@faker-js/faker/locale/en')).faker;
  } catch (error) {
    throw FactoryError.localeUnknown(table, locale, error);
  }
}

/**
 * It is the application's development dependency, looked for from there too. No optional peer of this package: npm would keep that in
 * production.
 */
function find(name: string): string {
  return require.resolve(name, { paths: [process.cwd(), __dirname] });
}
