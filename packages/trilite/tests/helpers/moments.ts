import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';

/** What a process that is killed before a step leaves: the folder as it lies there then. */
export interface Moment {
  /** A copy of the folder. */
  readonly path: string;
  /** What it was about to do. Before each of these steps it lay there the same: names, bytes and modes. */
  readonly steps: string[];
}

/** What processes of tests/fixtures/kill do, too. */
interface Steps {
  /** Tells of each statement that writes, before it runs; the result ends it. */
  tellStatements(driver: typeof BetterSqlite3, told: (sql: string) => void): () => void;
  /** Tells of each step on the disk of who hands a tenant over, from the first folder aside; the result ends it. */
  tellHandingOver(driver: typeof BetterSqlite3, told: (step: string) => void): () => void;
  copyFolder(from: string, to: string): void;
  momentKeeper(folder: string, root: string, moments: Moment[]): (step: string) => void;
}

const steps = jest.requireActual<Steps>('../fixtures/kill/steps.js');

export const { copyFolder, tellHandingOver, tellStatements } = steps;

/** The moments of one run. */
export class Moments {
  /** The folder that the copies lie in. */
  readonly root = mkdtempSync(join(tmpdir(), 'trilite-moments-'));
  readonly #all: Moment[] = [];

  get all(): readonly Moment[] {
    return this.#all;
  }

  /** Every step, in order. */
  get steps(): readonly string[] {
    return this.#all.flatMap(({ steps }) => steps);
  }

  /** What keeps a folder at each step of a run in this process. */
  keeperOf(folder: string): (step: string) => void {
    return steps.momentKeeper(folder, this.root, this.#all);
  }

  /** Takes what a process has kept in the folder of the copies. */
  take(): void {
    const file = join(this.root, 'moments.json');
    this.#all.push(...(JSON.parse(readFileSync(file, 'utf8')) as Moment[]));
  }

  /** What lay there before the n-th step, counted from 0. */
  before(index: number): Moment {
    const moment = this.#all.flatMap((one) => one.steps.map(() => one))[index];
    if (moment === undefined) throw new Error(`There is no step ${index}.`);
    return moment;
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}

/** Looks at a folder in a copy: to look at a database changes its files. */
export function lookAt<T>(path: string, look: (copy: string) => T): T {
  const copy = `${path} seen`;
  copyFolder(path, copy);
  try {
    return look(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** The names in a folder, without what is another in each run: ids, times and processes. */
export function usualNamesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replace(/[0-9A-Z]{26}|\.\d+(?=\.partial)|\d{8}T\d{9}Z/g, '*'))
    .sort();
}
