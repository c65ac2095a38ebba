import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { nearest } from '../support/nearest';
import { AssetNotFoundError } from './errors';

/** Where the files for browsers lie, relative to the application. */
export const PUBLIC_FOLDER = 'public';

/** Enough to tell two versions of one file apart. */
const HASH_LENGTH = 12;

/** How files of public/ are found. */
export interface AssetRegistryParts {
  readonly basePath: string;
  /** Whether files may change and come while the application runs. */
  readonly watches: boolean;
  /** Whether a file that is not there is an error. */
  readonly debug: boolean;
}

/** A file of public/. */
export interface Asset {
  /** Absolute, without links. */
  readonly path: string;
  readonly bytes: number;
  /** Says whether it was changed. */
  readonly version: string;
}

/**
 * The files of public/, which every visitor may have.
 *
 * 1. No name leads out of the folder, whatever it holds; names that begin with a dot are nobody's, on every level.
 * 2. A link counts as what it leads to: within the folder.
 */
export class AssetRegistry {
  readonly #folder: string;
  readonly #watches: boolean;
  readonly #debug: boolean;
  readonly #urls = new Map<string, string>();
  readonly #hashes = new Map<string, { readonly version: string; readonly hash: string }>();
  #top: { readonly names: ReadonlySet<string>; readonly version: number } | undefined;

  constructor({ basePath, watches, debug }: AssetRegistryParts) {
    this.#folder = join(basePath, PUBLIC_FOLDER);
    this.#watches = watches;
    this.#debug = debug;
  }

  /** Whether the application has the folder. */
  get exist(): boolean {
    return statSync(this.#folder, { throwIfNoEntry: false })?.isDirectory() === true;
  }

  /**
   * Whether a name lies directly in the folder: a request for any other path costs this look alone. Read once; while files may come, whenever the
   * folder has changed.
   */
  hasTop(name: string): boolean {
    if (this.#top === undefined || this.#watches) this.#readTop();
    return this.#top?.names.has(name) === true;
  }

  /** The file of a path, as in an address once it is decoded; undefined when it is not there, or is nobody's. */
  find(path: string): Asset | undefined {
    if (!isServable(path)) return undefined;
    try {
      const real = realpathSync(join(this.#folder, path));
      const stat = statSync(real);
      if (!stat.isFile() || !this.#holds(real)) return undefined;
      return { path: real, bytes: stat.size, version: `${stat.mtimeMs}:${stat.size}` };
    } catch {
      return undefined; // not there, a loop of links, a name too long, no permission
    }
  }

  /**
   * The address of a file, with a hash of its content: another content is another address. A file that is not there has its plain address.
   *
   * @throws E_ASSET_NOT_FOUND in debug mode, when the file is not there
   */
  url(path: string): string {
    const known = this.#watches ? undefined : this.#urls.get(path);
    if (known !== undefined) return known;
    const relative = path.replace(/^\//, '');
    const plain = `/${relative.split('/').map(encodeURIComponent).join('/')}`;
    const asset = this.find(relative);
    if (asset === undefined) {
      if (this.#debug) throw AssetNotFoundError.named(path, nearest(relative, this.#names()));
      return plain;
    }
    const url = `${plain}?v=${this.hashOf(asset)}`;
    this.#urls.set(path, url);
    return url;
  }

  /** The hash of a file's content. Read once for each version of it, at once: not for files of any size whenever a visitor asks. */
  hashOf(asset: Asset): string {
    const known = this.knownHashOf(asset);
    if (known !== undefined) return known;
    const hash = hashOfContent(asset.path).slice(0, HASH_LENGTH);
    this.#hashes.set(asset.path, { version: asset.version, hash });
    return hash;
  }

  /** The same, if the content was read before. */
  knownHashOf({ path, version }: Asset): string | undefined {
    const known = this.#hashes.get(path);
    return known?.version === version ? known.hash : undefined;
  }

  #holds(path: string): boolean {
    return path.startsWith(realpathSync(this.#folder) + sep);
  }

  #readTop(): void {
    const version = statSync(this.#folder, { throwIfNoEntry: false })?.mtimeMs;
    if (version === undefined) this.#top = undefined;
    else if (this.#top?.version !== version) {
      this.#top = { version, names: new Set(readdirSync(this.#folder)) };
    }
  }

  #names(): string[] {
    if (!this.exist) return [];
    return readdirSync(this.#folder, { recursive: true, encoding: 'utf8' });
  }
}

/** What a server of files may look for: no way up, no hidden name, no empty one, nothing another system would read as a separator. */
function isServable(path: string): boolean {
  if (path.includes('\0') || path.includes('\\')) return false;
  return path.split('/').every((name) => name !== '' && !name.startsWith('.'));
}

/** Piece by piece: a film does not fit into the memory. */
function hashOfContent(path: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1024 * 1024);
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
      hash.update(piece.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}
