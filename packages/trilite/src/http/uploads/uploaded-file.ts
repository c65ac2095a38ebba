import { randomBytes } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { copyFile, link, mkdir, realpath, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { errorCode } from '../../support/errors';
import { UploadFailedError, UploadPlaceError } from './errors';
import { isFileName } from './file-name';

/** What is known of a file that came. */
export interface UploadedFileFacts {
  readonly field: string;
  readonly name: string;
  readonly type: string;
  readonly extension: string;
  readonly bytes: number;
  /** Where it waits. */
  readonly path: string;
  /** Below which folder relative ones lie. */
  readonly root: string;
}

/** How a file is stored. */
export interface StoreOptions {
  /** Whether a file of that name is replaced. Default: false. */
  readonly overwrite?: boolean;
}

/** What a file is at the moment. */
type State = 'waiting' | 'storing' | 'stored' | 'gone';

/**
 * A file that came with a request.
 *
 *     waiting ─ store ─▶ storing ─▶ stored
 *      │                    └─ failed ─▶ waiting
 *      └─ the request is over ─▶ gone
 *
 * 1. A name in the folder where it is stored is that of the whole file, from the first moment on.
 * 2. What is stored is nobody's to remove but the application's.
 */
export class UploadedFile {
  /** The field it came in. */
  readonly field: string;
  /** What the client calls it: cleaned, and yet nothing that says what it is. */
  readonly name: string;
  /** What it is by its bytes, such as 'image/png'. */
  readonly type: string;
  /** What names of such files end with, such as 'png'. */
  readonly extension: string;
  readonly bytes: number;
  readonly #root: string;
  #path: string;
  #state: State = 'waiting';

  constructor({ field, name, type, extension, bytes, path, root }: UploadedFileFacts) {
    this.field = field;
    this.name = name;
    this.type = type;
    this.extension = extension;
    this.bytes = bytes;
    this.#path = path;
    this.#root = root;
  }

  /** Where it is: temporary until it is stored. */
  get path(): string {
    return this.#path;
  }

  /** Its bytes, from where it is. */
  stream(): ReadStream {
    if (this.#state === 'gone') throw UploadFailedError.gone(this.name);
    return createReadStream(this.#path);
  }

  /**
   * Stores it under a random name with the extension of what it is.
   *
   * @param folder below `files` of the storage folder, or of the tenant's own; or an absolute one. It is made when it is missing.
   * @returns the folder and the name: absolute where the folder was
   * @throws E_UPLOAD_PLACE when the folder leads out of the files, E_UPLOAD_FAILED when it cannot be written
   */
  store(folder: string): Promise<string> {
    return this.storeAs(folder, `${randomBytes(16).toString('hex')}.${this.extension}`);
  }

  /**
   * Stores it under a name of yours. A file of that name is not replaced, unless asked.
   *
   * @throws E_UPLOAD_PLACE when folder or name lead elsewhere, E_UPLOAD_FAILED when it cannot be written or the name is taken
   */
  async storeAs(folder: string, name: string, options: StoreOptions = {}): Promise<string> {
    if (!isFileName(name)) throw UploadPlaceError.badName(name);
    const target = join(this.#folderOf(folder), name);
    if (this.#state === 'gone') throw UploadFailedError.gone(this.name);
    if (this.#state !== 'waiting') throw UploadFailedError.stored(this.name, this.#path);
    this.#state = 'storing';
    try {
      await mkdir(dirname(target), { recursive: true });
      await this.#refuseLinksOut(folder, target);
      await move(this.#path, target, options);
    } catch (error) {
      this.#state = 'waiting';
      if (error instanceof UploadPlaceError) throw error;
      if (errorCode(error) === 'EEXIST') throw UploadFailedError.exists(target);
      throw UploadFailedError.writing(target, error);
    }
    this.#state = 'stored';
    this.#path = target;
    return join(folder, name);
  }

  /** Removes it, unless it is stored. Called when its request is over. */
  async discard(): Promise<void> {
    if (this.#state !== 'waiting') return;
    this.#state = 'gone';
    await rm(this.#path, { force: true });
  }

  #folderOf(folder: string): string {
    if (folder.includes('\0')) throw UploadPlaceError.badFolder(folder);
    if (isAbsolute(folder)) return folder;
    const path = resolve(this.#root, folder);
    if (leadsOut(this.#root, path)) throw UploadPlaceError.badFolder(folder);
    return path;
  }

  /** A link among the files leads where it says, which the names alone do not tell. The root itself may be one. */
  async #refuseLinksOut(folder: string, target: string): Promise<void> {
    if (isAbsolute(folder)) return;
    const [root, path] = await Promise.all([realpath(this.#root), realpath(dirname(target))]);
    if (leadsOut(root, path)) throw UploadPlaceError.badFolder(folder);
  }
}

function leadsOut(root: string, path: string): boolean {
  const inside = relative(root, path);
  return inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
}

async function move(from: string, to: string, { overwrite = false }: StoreOptions): Promise<void> {
  try {
    await take(from, to, overwrite);
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw error;
    await moveAcross(from, to, overwrite);
  }
}

/** A rename replaces what is there; a second name for the file does not, and the first one is taken away then. */
async function take(from: string, to: string, overwrite: boolean): Promise<void> {
  if (overwrite) return rename(from, to);
  await link(from, to);
  await rm(from, { force: true });
}

/** To another disk by way of a name next to the one it is to have: half a file is under none that somebody reads. */
async function moveAcross(from: string, to: string, overwrite: boolean): Promise<void> {
  const near = join(dirname(to), `.upload-${randomBytes(16).toString('hex')}`);
  try {
    await copyFile(from, near);
    await take(near, to, overwrite);
  } finally {
    await rm(near, { force: true });
  }
  await rm(from, { force: true });
}
