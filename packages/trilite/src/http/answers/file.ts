import { realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, sep } from 'node:path';
import { errorCode } from '../../support/errors';
import { NotFoundError } from '../errors';
import type { Request, Response } from '../request';
import { storedFilesOf } from '../uploads/stored-files';
import { endUnlessWhole, isGone } from '../whole-file';
import { attach } from './attachment';
import { Responder } from './responder';

/** Where a file lies, and what it is. */
export interface FileOptions {
  /**
   * The folder, as a whole path, such as `storagePath('app/reports')`. Nothing outside of it is sent, whatever the path says. Default: where
   * `store` of an upload puts files, of whose request it is.
   */
  readonly root?: string | undefined;
  /** Default: what its name ends in. */
  readonly type?: string | undefined;
}

/** The same, and what it is called. */
export interface DownloadOptions extends FileOptions {
  /** As which the browser keeps it. Default: its own name. */
  readonly name?: string | undefined;
}

/** What the file system says where nothing is, or where no such name can be. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ERR_INVALID_ARG_VALUE'];

/** A file that lies in a folder. */
class FileAnswer extends Responder {
  readonly #path: string;
  readonly #options: FileOptions;
  readonly #attachAs: string | undefined;

  /** @param attachAs undefined for what the browser shows */
  constructor(path: string, options: FileOptions, attachAs?: string) {
    super();
    if (options.root !== undefined && !isAbsolute(options.root)) {
      throw new TypeError(`Expected \`root\` to be a whole path, got \`${options.root}\`.`);
    }
    this.#path = path;
    this.#options = options;
    this.#attachAs = attachAs;
  }

  async respond(request: Request, response: Response): Promise<void> {
    const { root = storedFilesOf(request).folder, type } = this.#options;
    const file = await findFile(root, this.#path);
    if (file === undefined) throw NotFoundError.because('There is no such file.');
    if (this.#attachAs !== undefined) attach(response, this.#attachAs);
    if (type !== undefined) response.type(type);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    // Not `public`, which express says: whoever asks was let in by the action
    if (!response.hasHeader('Cache-Control')) {
      response.setHeader('Cache-Control', 'private, no-cache');
    }
    await sent(response, file);
  }
}

/** A file below a folder, by paths without links. */
interface FoundFile {
  readonly root: string;
  readonly path: string;
}

/**
 * The answer that is a file, shown by the browser: in parts where it asks for `Range`, and 304 where it has it already.
 *
 * 404 for what is not there, is no file, lies outside of the folder by `..` or a link, or is hidden (`.env`).
 *
 * @example
 * import { sendFile, storagePath, type Request } from 'trilite';
 *
 * export function invoice(request: Request) {
 *   return sendFile(request.param('name'), { root: storagePath('app/invoices') });
 * }
 *
 * export function picture() {
 *   return sendFile('pictures/7f3a.png'); // what `store('pictures')` gave
 * }
 */
export function sendFile(path: string, options: FileOptions = {}): Responder {
  return new FileAnswer(path, options);
}

/** The same as a file that the browser keeps. */
export function download(path: string, { name, ...options }: DownloadOptions = {}): Responder {
  return new FileAnswer(path, options, name ?? basename(path));
}

async function findFile(root: string, path: string): Promise<FoundFile | undefined> {
  if (isHidden(path)) return undefined;
  try {
    const folder = await realpath(root);
    const file = await realpath(join(folder, path));
    const inside = relative(folder, file);
    if (isAbsolute(inside) || isHidden(inside)) return undefined;
    return (await stat(file)).isFile() ? { root: folder, path: inside } : undefined;
  } catch (error) {
    if (ABSENT.includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Whether a part of a path begins with a dot: `..` as well. */
function isHidden(path: string): boolean {
  return path.split(/[\\/]/).some((part) => part.startsWith('.'));
}

/** Settles once the file has left, or its receiver. */
function sent(response: Response, { root, path }: FoundFile): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { root, dotfiles: 'deny', cacheControl: false } as const;
    endUnlessWhole(response, () =>
      reject(new Error(`The file "${join(root, path)}" became shorter while it was sent.`)),
    );
    response.sendFile(path.split(sep).join('/'), options, (error: Error | undefined) => {
      if (error === undefined || response.closed || isGone(error)) resolve();
      else reject(error);
    });
  });
}
