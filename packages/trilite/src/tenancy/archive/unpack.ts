import { createHash, type Hash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { mkdir, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract as createExtract, type Extract, type Header } from 'tar-stream';
import { FrameworkError, errorCode } from '../../support/errors';
import { TenantArchiveFailedError, TenantArchiveInvalidError } from './archive-errors';
import {
  MANIFEST_BYTES,
  MANIFEST_NAME,
  isBelowFiles,
  parseManifest,
  type Manifest,
  type Part,
} from './manifest';
import { writeNewFile } from './new-file';

/** Beyond what is counted: the blocks at the end, and what is read ahead. */
const SLACK_BYTES = 1024 * 1024;

/** What tar adds to a file at most: its header, one for what does not fit into it, and zeros up to a whole block. */
const HEADER_BYTES = 2560;

/** Where parts are unpacked to. */
export interface UnpackOptions {
  /** Called with the manifest, before anything is written. @returns the path of each part by its name */
  readonly begin: (manifest: Manifest) => Promise<(name: string) => string>;
  readonly signal: AbortSignal | undefined;
}

type Entry = AsyncIterable<Buffer> & { readonly header: Header };

/**
 * Unpacks an archive: the parts that its manifest names, each once, of the size and the content it says, and nothing else. No part is held in
 * memory, and no more is read than the manifest promises.
 *
 * @throws E_TENANT_ARCHIVE_INVALID, E_TENANT_ARCHIVE_FAILED, the reason of the signal, and errors of the file system
 */
export async function unpackArchive(file: string, options: UnpackOptions): Promise<Manifest> {
  const facts = statSync(file, { throwIfNoEntry: false });
  if (facts?.isFile() !== true) throw TenantArchiveFailedError.noFile(file);
  const limit = new ByteLimit(file);
  const extract = createExtract();
  const fed = pipeline(
    createReadStream(file),
    createGunzip(),
    limit,
    extract as unknown as Writable,
    { signal: options.signal },
  );
  const [taken, read] = await Promise.allSettled([
    new Unpacking(file, limit, options).take(extract),
    fed,
  ]);
  options.signal?.throwIfAborted();
  if (taken.status === 'rejected' && read.status === 'rejected') {
    throw causeOf(taken.reason, read.reason);
  }
  if (taken.status === 'rejected') throw taken.reason;
  if (read.status === 'rejected') throw read.reason;
  return taken.value;
}

/** One end that breaks breaks the other: whoever takes closes what is read, and is told by what is read that it broke. */
function causeOf(taken: unknown, read: unknown): unknown {
  if (taken instanceof FrameworkError) return taken;
  return errorCode(read) === 'ERR_STREAM_PREMATURE_CLOSE' ? taken : read;
}

class Unpacking {
  readonly #file: string;
  readonly #limit: ByteLimit;
  readonly #options: UnpackOptions;

  constructor(file: string, limit: ByteLimit, options: UnpackOptions) {
    this.#file = file;
    this.#limit = limit;
    this.#options = options;
  }

  async take(extract: Extract): Promise<Manifest> {
    let manifest: Manifest | undefined;
    let placeOf = (name: string): string => name;
    const left = new Map<string, Part>();
    for await (const entry of extract as unknown as AsyncIterable<Entry>) {
      if (manifest === undefined) {
        manifest = await this.#readManifest(entry);
        placeOf = await this.#options.begin(manifest);
        for (const part of manifest.parts) left.set(part.name, part);
      } else {
        const part = this.#expected(entry.header, left);
        left.delete(part.name);
        await this.#write(entry, part, placeOf(part.name));
      }
    }
    if (manifest === undefined) throw TenantArchiveInvalidError.damaged(this.#file, 'it is empty');
    const [missing] = left.keys();
    if (missing === undefined) return manifest;
    throw TenantArchiveInvalidError.content(this.#file, `"${missing}" is not in it`);
  }

  async #readManifest(entry: Entry): Promise<Manifest> {
    const { name, type, size } = entry.header;
    if (name !== MANIFEST_NAME || type !== 'file' || size > MANIFEST_BYTES) {
      throw TenantArchiveInvalidError.manifest(this.#file, `it begins with "${name}"`);
    }
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk);
    const manifest = parseManifest(Buffer.concat(chunks).toString('utf8'), this.#file);
    this.#limit.allow(size + bytesOf(manifest));
    return manifest;
  }

  #expected({ name, type, size }: Header, left: ReadonlyMap<string, Part>): Part {
    const part = left.get(name);
    if (part === undefined) {
      throw TenantArchiveInvalidError.content(
        this.#file,
        `"${name}" is not in the manifest, or comes twice`,
      );
    }
    if (type !== 'file') {
      throw TenantArchiveInvalidError.content(this.#file, `"${name}" is no file but a ${type}`);
    }
    if (size !== part.bytes) {
      throw TenantArchiveInvalidError.content(
        this.#file,
        `"${name}" has ${size} bytes, not ${part.bytes}`,
      );
    }
    return part;
  }

  async #write(entry: Entry, { name, sha256 }: Part, place: string): Promise<void> {
    const { mode, mtime } = entry.header;
    const isOwn = isBelowFiles(name);
    const hash = createHash('sha256');
    await mkdir(dirname(place), { recursive: true });
    // Never over what is there: names that differ in case or composition alone are one on some file systems
    await writeNewFile(place, isOwn ? (mode & 0o777) | 0o600 : 0o644, (sink) =>
      pipeline(() => hashed(entry, hash), sink),
    );
    if (hash.digest('hex') !== sha256) {
      throw TenantArchiveInvalidError.content(this.#file, `"${name}" has another SHA-256`);
    }
    if (isOwn && Number.isFinite(mtime.getTime())) await utimes(place, mtime, mtime);
  }
}

/** Passes so many bytes on and no more: a small file can unpack to one that fills every disk. */
class ByteLimit extends Transform {
  readonly #file: string;
  #allowed = MANIFEST_BYTES + SLACK_BYTES;
  #passed = 0;

  constructor(file: string) {
    super();
    this.#file = file;
  }

  /** @param bytes in all, those included that have passed */
  allow(bytes: number): void {
    this.#allowed = bytes + SLACK_BYTES;
  }

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error: Error | null, chunk?: Buffer) => void,
  ): void {
    this.#passed += chunk.length;
    if (this.#passed <= this.#allowed) return done(null, chunk);
    done(TenantArchiveInvalidError.content(this.#file, 'it holds more than that'));
  }
}

async function* hashed(source: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}

function bytesOf({ parts }: Manifest): number {
  return parts.reduce(
    (sum, { name, bytes }) => sum + HEADER_BYTES + Buffer.byteLength(name) + bytes,
    0,
  );
}
