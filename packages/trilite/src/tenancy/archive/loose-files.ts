import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorCode } from '../../support/errors';
import { TenantArchiveFailedError } from './archive-errors';
import type { PartSource } from './pack';

/** What was copied. */
export interface LooseFiles {
  /** Each after the one it lies in. */
  readonly folders: readonly string[];
  readonly sources: readonly PartSource[];
}

/**
 * Copies a folder with all that is in it, so that what changes afterwards changes nothing of it. What goes away meanwhile is left out.
 *
 * @param roots the folder, and that of the copy
 * @param name what the folder is called in the archive
 * @throws E_TENANT_ARCHIVE_FAILED for what is neither a file nor a folder, and for a name that is no text
 */
export async function copyLooseFiles(
  roots: { readonly from: string; readonly to: string },
  name: string,
  signal?: AbortSignal,
): Promise<LooseFiles> {
  const folders: string[] = [];
  const sources: PartSource[] = [];
  const waiting = [''];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    signal?.throwIfAborted();
    await mkdir(join(roots.to, below), { recursive: true });
    if (below !== '') folders.push(join(name, below));
    for (const entry of await unlessGone(readdir(join(roots.from, below)))) {
      const place = join(below, entry);
      const from = join(roots.from, place);
      const kind = await kindOf(from);
      if (kind === 'folder') waiting.push(place);
      if (kind !== 'file') continue;
      const copies = await unlessGone(copyOne(from, join(roots.to, place)));
      sources.push(...copies.map((copy) => ({ ...copy, name: join(name, place) })));
    }
  }
  return { folders, sources };
}

/** Size and SHA-256 of a file, which is read in pieces. */
export async function measure(path: string): Promise<Pick<PartSource, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      hash.update(chunk);
    }
  });
  return { bytes, sha256: hash.digest('hex') };
}

/** Undefined for what is gone. */
async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const [facts] = await unlessGone(lstat(path).then((found) => [found]));
  if (facts?.isDirectory() === true) return 'folder';
  if (facts?.isFile() === true) return 'file';
  if (facts !== undefined) throw TenantArchiveFailedError.kind(path, 'is a link or a device');
  // What is no text is found under no name
  if (path.includes('\uFFFD')) {
    throw TenantArchiveFailedError.kind(path, 'has a name that is no text');
  }
  return undefined;
}

async function copyOne(from: string, to: string): Promise<Omit<PartSource, 'name'>[]> {
  const { mode, mtime } = await lstat(from);
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  return [{ path: to, mode: mode & 0o777, mtime, ...(await measure(to)) }];
}

async function unlessGone<T>(work: Promise<T[]>): Promise<T[]> {
  try {
    return await work;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
