import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { clock } from '../../support/clock';
import { UploadFailedError } from './errors';

const NAME = /^upload-[0-9a-f]{32}$/;

/** Requests last for minutes: what is older was left by a process that was killed. */
const LEFT_AFTER_MS = 86_400_000;

/** How often somebody looks for them: a server may run for months. */
const LOOK_EVERY_MS = 3_600_000;

/** The folder where files wait for what becomes of them. Its users may be several processes. */
export class UploadFolder {
  readonly path: string;
  #lookAt = -Infinity;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the folder, for every request anew: somebody may have removed it while the server runs. Once an hour, what others have left there is
   * removed.
   */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw UploadFailedError.writing(this.path, error);
    }
    const now = clock.now();
    if (now < this.#lookAt) return;
    this.#lookAt = now + LOOK_EVERY_MS;
    await this.#prune(now - LEFT_AFTER_MS);
  }

  /** A path for a new file, once the folder is prepared. */
  newPath(): string {
    return join(this.path, `upload-${randomBytes(16).toString('hex')}`);
  }

  /** What cannot be removed is left to the next look. */
  async #prune(until: number): Promise<void> {
    const names = await readdir(this.path).catch(() => []);
    for (const name of names.filter((one) => NAME.test(one))) {
      const path = join(this.path, name);
      const facts = await stat(path).catch(() => undefined);
      if (facts?.isFile() === true && facts.mtimeMs < until) {
        await rm(path, { force: true }).catch(() => undefined);
      }
    }
  }
}
