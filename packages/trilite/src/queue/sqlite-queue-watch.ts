import type { Connection } from '../database/connection';
import type { Watch } from './queue-store';

/** A read of one number in shared memory: ten a second cost less than a thousandth of a core. */
const CHECK_MS = 100;

/**
 * Notices the commits of other processes by `PRAGMA data_version`, which changes on a handle when another one commits.
 *
 * @see https://sqlite.org/pragma.html#pragma_data_version
 */
export class FileWatch implements Watch {
  readonly #connection: Connection;
  readonly #onChange: () => void;
  readonly #onClose: () => void;
  readonly #timer: NodeJS.Timeout;
  #version: unknown;
  #checking = false;

  constructor(connection: Connection, onChange: () => void, onClose: () => void) {
    this.#connection = connection;
    this.#onChange = onChange;
    this.#onClose = onClose;
    this.#timer = setInterval(() => void this.#check(), CHECK_MS);
  }

  /** Tells the watcher of a change this process made itself. */
  notify(): void {
    this.#onChange();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#onClose();
  }

  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      const version = await this.#connection.read((handle) => handle.pragma('data_version'));
      if (version !== this.#version) this.#onChange();
      this.#version = version;
    } catch {
      this.#onChange(); // the file does not answer: the worker's own next call meets the error, and reports it
    } finally {
      this.#checking = false;
    }
  }
}
