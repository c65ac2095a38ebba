import { readdirSync, watch, type Dirent, type FSWatcher } from 'node:fs';
import { join, relative } from 'node:path';

/** What is code or configuration. Of anything else, such as a data file in `database/`, each write would be a change. */
const SOURCE = /\.([cm]?[jt]sx?|json)$/;

/** One save is several events, and a checkout of another branch is hundreds: they are told of as one, this long after the last. */
const QUIET_MS = 100;

/**
 * Tells when source files below some folders change.
 *
 * Each folder is watched by itself: on Linux, Node's own recursive watch is on each file, and loses one that an editor saves by putting
 * another in its place.
 *
 * @see https://nodejs.org/docs/latest-v20.x/api/fs.html#inodes
 */
export class SourceWatch {
  readonly #root: string;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #onChange: (file: string) => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param folders below `root`; those that are not there are left out
   * @param onChange told of the last file that changed, by its path below `root`
   */
  constructor(root: string, folders: readonly string[], onChange: (file: string) => void) {
    this.#root = root;
    this.#onChange = onChange;
    for (const folder of folders) this.#watch(join(root, folder));
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** @returns the source files that are there: of a new folder they are new as well */
  #watch(folder: string): string[] {
    const entries = entriesOf(folder);
    if (entries === undefined) return [];
    this.#watchers.get(folder)?.close(); // of a folder that was deleted, and made anew
    const watcher = watch(folder, (_, name) => {
      if (name !== null) this.#note(join(folder, name));
    });
    watcher.on('error', () => watcher.close()); // the folder was deleted
    this.#watchers.set(folder, watcher);
    // Read again: between the two, something may have been added
    return (entriesOf(folder) ?? []).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return this.#watch(path);
      return SOURCE.test(path) ? [path] : [];
    });
  }

  #note(path: string): void {
    const file = SOURCE.test(path) ? path : this.#watch(path).at(-1);
    if (file === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onChange(relative(this.#root, file)), QUIET_MS);
  }
}

/** What lies in a folder; undefined for what is none, or is gone. */
function entriesOf(folder: string): Dirent[] | undefined {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return undefined;
  }
}
