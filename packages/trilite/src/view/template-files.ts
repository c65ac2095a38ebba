import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { nearest } from '../support/nearest';
import { ViewNotFoundError } from './errors';
import type { TemplateSource } from './template-parts';

/** Where templates lie, relative to the application. */
export const VIEWS_FOLDER = 'resources/views';

const ENDING = '.eta';

/** Segments of letters, digits, `-` and `_`: nothing of it can lead out of a folder. */
const NAME = /^[\w-]+(\/[\w-]+)*$/;

/** The templates in resources/views. */
export class TemplateFiles {
  readonly #folder: string;

  constructor(basePath: string) {
    this.#folder = join(basePath, VIEWS_FOLDER);
  }

  /** The names of all views, sorted. */
  names(): string[] {
    return below(this.#folder)
      .filter((name) => NAME.test(name))
      .sort();
  }

  /** Whether there is a view of that name. */
  has(name: string): boolean {
    return NAME.test(name) && this.#stat(name) !== undefined;
  }

  /** Says of a view whether it was changed: by another text than before. Undefined when it is not there. */
  version(name: string): string | undefined {
    const stat = this.#stat(name);
    return stat && `${stat.mtimeMs}:${stat.size}`;
  }

  /** @throws E_VIEW_NOT_FOUND */
  read(name: string): TemplateSource {
    if (typeof name !== 'string' || !NAME.test(name)) {
      throw ViewNotFoundError.badName(name, VIEWS_FOLDER);
    }
    if (this.#stat(name) === undefined) {
      throw ViewNotFoundError.named(name, VIEWS_FOLDER, nearest(name, this.names()));
    }
    const path = realpathSync(this.#pathOf(name));
    if (!path.startsWith(realpathSync(this.#folder) + sep)) {
      throw ViewNotFoundError.outside(name, VIEWS_FOLDER);
    }
    const source = readFileSync(path, 'utf8');
    return { view: name, file: `${VIEWS_FOLDER}/${name}${ENDING}`, source };
  }

  #stat(name: string) {
    const stat = statSync(this.#pathOf(name), { throwIfNoEntry: false });
    return stat?.isFile() === true ? stat : undefined;
  }

  #pathOf(name: string): string {
    return join(this.#folder, name + ENDING);
  }
}

function below(folder: string, prefix = ''): string[] {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return below(join(folder, entry.name), `${prefix}${entry.name}/`);
    return entry.name.endsWith(ENDING) ? [prefix + entry.name.slice(0, -ENDING.length)] : [];
  });
}
