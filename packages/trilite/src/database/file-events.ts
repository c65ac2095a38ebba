import { watch, type FSWatcher } from 'node:fs';
import { placeOf } from './file-locks';

/**
 * The file system's own word that a file is written to, as far as it gives one: none comes from a shared or network mount, nor where the
 * system has no watch left to give. So who relies on it looks now and then as well. Never throws, and keeps no process alive.
 */
export class FileEvents {
  readonly #path: () => string | undefined;
  readonly #onEvent: () => void;
  #watcher: FSWatcher | undefined;
  /** Which file is watched. */
  #place: string | undefined;
  #isClosed = false;

  /** @param path where the file lies now, or undefined for one that cannot be watched */
  constructor(path: () => string | undefined, onEvent: () => void) {
    this.#path = path;
    this.#onEvent = onEvent;
  }

  get isWatching(): boolean {
    return this.#watcher !== undefined;
  }

  /** Watches the file that lies at the path now. @returns whether that one was not watched before */
  renew(): boolean {
    const path = this.#isClosed ? undefined : this.#path();
    const place = path === undefined ? undefined : placeNow(path);
    if (place === this.#place) return false;
    this.#forget();
    if (path === undefined || place === undefined) return false;
    return this.#watch(path, place);
  }

  /** Ends it; twice without harm. */
  close(): void {
    this.#isClosed = true;
    this.#forget();
  }

  #watch(path: string, place: string): boolean {
    try {
      const watcher = watch(path, { persistent: false }, (kind) => this.#tell(kind));
      watcher.on('error', () => this.#forget());
      this.#watcher = watcher;
      this.#place = place;
      return true;
    } catch {
      return false; // EMFILE, ENOSPC, EACCES, or gone since
    }
  }

  #tell(kind: string): void {
    // Renamed or deleted: the next file at the path may well get the inode of this one
    if (kind === 'rename') this.#forget();
    this.#onEvent();
  }

  #forget(): void {
    this.#watcher?.close();
    this.#watcher = this.#place = undefined;
  }
}

function placeNow(path: string): string | undefined {
  try {
    return placeOf(path);
  } catch {
    return undefined; // the folder may not be looked into
  }
}
