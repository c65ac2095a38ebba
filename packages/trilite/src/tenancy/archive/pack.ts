import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { pack as createPack, type Pack } from 'tar-stream';
import { TenantArchiveFailedError } from './archive-errors';
import { MANIFEST_BYTES, MANIFEST_NAME, type Manifest, type Part } from './manifest';
import { writeNewFile } from './new-file';

/** A file that becomes part of an archive. Nobody changes it any more. */
export interface PartSource extends Part {
  readonly path: string;
  readonly mode: number;
  readonly mtime: Date;
}

/** What an archive is made of. */
export interface PackOptions {
  readonly manifest: Manifest;
  readonly sources: readonly PartSource[];
  readonly signal: AbortSignal | undefined;
}

/**
 * Writes an archive into a new file that its owner alone may read, and has the disk take it. No part is held in memory.
 *
 * @throws the reason of the signal, and errors of the file system; a part of the file is left then
 */
export function packArchive(file: string, options: PackOptions): Promise<void> {
  return writeNewFile(file, 0o600, async (sink) => {
    const pack = createPack();
    const stream = pack as unknown as NodeJS.ReadableStream;
    const written = pipeline(stream, createGzip(), sink, { signal: options.signal });
    const filled = fill(pack, file, options).catch((error: unknown) => {
      pack.destroy(error as Error);
      throw error;
    });
    const ends = await Promise.allSettled([written, filled]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  });
}

async function fill(pack: Pack, file: string, { manifest, sources }: PackOptions): Promise<void> {
  const text = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
  if (text.length > MANIFEST_BYTES) {
    throw TenantArchiveFailedError.at(file, new Error('The tenant has too many files'));
  }
  pack.entry({ name: MANIFEST_NAME, mode: 0o600, mtime: new Date(manifest.exportedAt) }, text);
  for (const { name, bytes, path, mode, mtime } of sources) {
    const entry = pack.entry({ name, size: bytes, mode, mtime });
    await pipeline(createReadStream(path), entry as unknown as Writable);
  }
  pack.finalize();
}
