import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { clock } from '../../support/clock';
import { UploadFailedError } from './errors';

const NAME = /^upload-[0-9a-f]{32}$/;

/** Requests last for minutes: what is older was left by a process that was killed. */
const LEFT_AFTER_MS = 86_400_000;

/** The folder where files wait for what becomes of them. Its users may be several processes. */
export class UploadFolder {
  readonly path: string;
  #ready: Promise<void> | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the folder, and removes what others have left there. Once, for the first who asks. */
  prepare(): Promise<void> {
    this.#ready ??= this.#prepare();
    return this.#ready;
  }

  /** A path for a new file, once the folder is prepared. */
  newPath(): string {
    return join(this.path, `upload-${randomBytes(16).toString('hex')}`);
  }

  async #prepare(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
    } catch (error) {
      this.#ready = undefined; // the next one tries again
      throw UploadFailedError.writing(this.path, error);
    }
    await this.#prune();
  }

  /** What cannot be removed is left to the next process. */
  async #prune(): Promise<void> {
    const names = await readdir(this.path).catch(() => []);
    const until = clock.now() - LEFT_AFTER_MS;
    for (const name of names.filter((one) => NAME.test(one))) {
      const path = join(this.path, name);
      const facts = await stat(path).catch(() => undefined);
      if (facts?.isFile() === true && facts.mtimeMs < until) {
        await rm(path, { force: true }).catch(() => undefined);
      }
    }
  }
}
