import { readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { extract, pack, type Header } from 'tar-stream';

/** An entry of a tar file. */
export interface ArchiveEntry {
  readonly header: Partial<Header> & { readonly name: string };
  readonly data: Buffer;
}

/** The manifest of an archive, as loose as tests need it. */
export interface LooseManifest {
  version: number;
  tenant: Record<string, unknown> & { id: string };
  migrations: { database: string[]; queue: string[] };
  folders: string[];
  parts: { name: string; bytes: number; sha256: string }[];
  [key: string]: unknown;
}

/** The entries of an archive, in their order. */
export async function readArchive(file: string): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  const tar = extract();
  tar.end(gunzipSync(readFileSync(file)));
  for await (const entry of tar) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
    const { name, mode, mtime, type } = entry.header;
    entries.push({ header: { name, mode, mtime, type }, data: Buffer.concat(chunks) });
  }
  return entries;
}

/** Writes an archive of whatever entries. */
export async function writeArchive(file: string, entries: readonly ArchiveEntry[]): Promise<void> {
  writeFileSync(file, gzipped(await tarOf(entries)));
}

/** Bytes under gzip, in little time. */
export function gzipped(bytes: Buffer): Buffer {
  return gzipSync(bytes, { level: 1 });
}

/** The bytes of a tar file. */
export async function tarOf(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { header, data } of entries) tar.entry({ ...header, size: data.length }, data);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** An entry with a text in it. */
export function entryOf(name: string, data: string | Buffer): ArchiveEntry {
  return { header: { name }, data: Buffer.from(data) };
}

/** What a manifest says of an entry. */
export function partOf({ header, data }: ArchiveEntry): LooseManifest['parts'][number] {
  const sha256 = createHash('sha256').update(data).digest('hex');
  return { name: header.name, bytes: data.length, sha256 };
}

/** Writes an archive anew, with another manifest, and other entries after it. */
export async function tamper(
  file: string,
  change: (manifest: LooseManifest, entries: ArchiveEntry[]) => ArchiveEntry[] | void,
): Promise<void> {
  const [first, ...entries] = await readArchive(file);
  const manifest = JSON.parse(await text(Readable.from([first?.data]))) as LooseManifest;
  const changed = change(manifest, entries) ?? entries;
  await writeArchive(file, [entryOf('manifest.json', JSON.stringify(manifest)), ...changed]);
}
