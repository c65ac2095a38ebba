import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { clock } from '../../support/clock';
import { errorCode } from '../../support/errors';
import type { ConnectionFacts } from '../errors';
import { freeBackupPath, listBackups, parseBackupName } from './backup-files';
import { SIDES, isSameFile, syncFolder } from './durable-files';

/** The folder below that of the backups where replaced files are kept. */
const REPLACED = 'replaced';

/** How they end where they cannot be kept there, and lie beside their file. */
const ENDING = '.replaced.sqlite';

/** What the system says where a file cannot have a second name, or not in that folder. */
const CANNOT_LINK = ['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** A file that is about to be replaced, and where it is kept with all that lies beside it. */
export class ReplacedFile {
  readonly #file: string;
  readonly #name: string;
  readonly #folder: string;
  readonly #undo: (() => void)[] = [];
  #path: string | undefined;

  constructor({ name, file }: ConnectionFacts, folder: string) {
    this.#name = name;
    this.#file = file;
    this.#folder = folder;
  }

  /** Where it is kept; undefined while it is not, or when there was none. */
  get path(): string | undefined {
    return this.#path;
  }

  /** Keeps it: a second name for the file, which goes on having the first; what lies beside it is moved. */
  keep(): void {
    if (existsSync(this.#file)) this.#keepFile();
    for (const side of SIDES.filter((one) => existsSync(`${this.#file}${one}`))) {
      this.#path ??= this.#pathBeside(); // a -wal without its file
      this.#move(`${this.#file}${side}`, `${this.#path}${side}`);
    }
    if (this.#path !== undefined) syncFolder(dirname(this.#path));
  }

  /** Undoes `keep`, when the file was not replaced after all. */
  putBack(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
    this.#path = undefined;
  }

  #keepFile(): void {
    const begun = this.#begunBefore();
    if (begun !== undefined) return this.#named(begun);
    for (const path of [this.#pathAmongBackups(), this.#pathBeside()]) {
      if (this.#link(path)) return this.#named(path);
    }
    this.#path = this.#pathBeside();
    this.#move(this.#file, this.#path);
  }

  /** The name that a restore which was interrupted has given it already. */
  #begunBefore(): string | undefined {
    const kept = [
      ...listBackups(join(this.#folder, REPLACED), this.#name).map(({ path }) => path),
      ...replacedBeside(this.#file, this.#name),
    ];
    const isFree = (path: string): boolean =>
      !SIDES.some((side) => existsSync(`${path}${side}`) && existsSync(`${this.#file}${side}`));
    return kept.find((path) => isSameFile(path, this.#file) && isFree(path));
  }

  #pathAmongBackups(): string {
    return freeBackupPath(join(this.#folder, REPLACED), this.#name, clock.now());
  }

  #pathBeside(): string {
    return freeBackupPath(dirname(this.#file), this.#name, clock.now(), ENDING);
  }

  #link(path: string): boolean {
    mkdirSync(dirname(path), { recursive: true });
    try {
      linkSync(this.#file, path);
      return true;
    } catch (error) {
      if (CANNOT_LINK.includes(errorCode(error) ?? '')) return false;
      throw error;
    }
  }

  #named(path: string): void {
    this.#path = path;
    this.#undo.push(() => rmSync(path, { force: true }));
  }

  #move(from: string, to: string): void {
    renameSync(from, to);
    this.#undo.push(() => renameSync(to, from));
  }
}

/** The replaced files of a connection that lie beside its file, newest first: where it could not have a second name among the backups. */
export function replacedBeside(file: string, connection: string): string[] {
  const stampOf = (name: string): number =>
    parseBackupName(name.replace(ENDING, '.sqlite'))?.madeAt ?? 0;
  return readdirSync(dirname(file))
    .filter((name) => name.endsWith(ENDING))
    .filter((name) => parseBackupName(name.replace(ENDING, '.sqlite'))?.connection === connection)
    .sort((a, b) => stampOf(b) - stampOf(a))
    .map((name) => join(dirname(file), name));
}
