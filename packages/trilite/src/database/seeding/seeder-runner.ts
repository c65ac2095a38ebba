import { loadExports, sourceFiles } from '../../support/file-discovery';
import { nearest } from '../../support/nearest';
import { SeederError } from './errors';
import { isSeederClass, type Seeder, type SeederClass } from './seeder';

/** Stands around each seeder's run, to say its name and how long it took. */
export type SeederReport = (name: string, run: () => Promise<void>) => Promise<void>;

/** What a runner is made of. */
export interface SeederRunnerParts {
  /** The folder of the seeders. Read when one is asked for by name: a broken file there stops no server. */
  readonly folder: string;
  readonly make: (type: SeederClass) => Seeder;
  readonly report: SeederReport;
}

/** Runs a seeder and those it calls, one after the other. */
export class SeederRunner {
  readonly #parts: SeederRunnerParts;

  constructor(parts: SeederRunnerParts) {
    this.#parts = parts;
  }

  /**
   * Runs a seeder, by its class or by the name of its class.
   *
   * @throws E_SEEDER_UNKNOWN, E_SEEDER_AMBIGUOUS
   * @throws E_SEEDER_FAILED naming the innermost seeder that failed
   */
  async run(seeder: SeederClass | string): Promise<void> {
    const type = typeof seeder === 'string' ? findSeeder(this.#parts.folder, seeder) : seeder;
    await this.#parts.report(type.name, () => this.#runOne(type));
  }

  async #runOne(type: SeederClass): Promise<void> {
    const seeder = this.#parts.make(type);
    try {
      await seeder.run({
        call: async (...types) => {
          for (const called of types) await this.run(called);
        },
      });
    } catch (error) {
      throw error instanceof SeederError ? error : SeederError.failed(type.name, error);
    }
  }
}

function findSeeder(folder: string, name: string): SeederClass {
  const found = new Map<SeederClass, string>();
  for (const file of sourceFiles(folder, { deep: true })) {
    for (const type of Object.values(loadExports(file)).filter(isSeederClass)) {
      if (!found.has(type)) found.set(type, file.path);
    }
  }
  const [type, ...others] = [...found.keys()].filter((one) => one.name === name);
  if (type === undefined) {
    const names = [...found.keys()].map((one) => one.name);
    throw SeederError.unknown(name, nearest(name, names));
  }
  if (others.length === 0) return type;
  throw SeederError.ambiguous(
    name,
    [type, ...others].map((one) => found.get(one) ?? ''),
  );
}
