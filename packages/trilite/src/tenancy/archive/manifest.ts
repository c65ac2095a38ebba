import { z } from 'zod';
import type { LastingRole } from '../tenant-paths';
import { TenantArchiveInvalidError } from './archive-errors';

/*
 * The archive of a tenant: a tar file under gzip, which people can open by hand.
 *
 *   manifest.json     whose it is, and what follows: name, size and SHA-256 of each; first, so that nothing is unpacked that it does not name
 *   database.sqlite
 *   queue.sqlite      not when the tenant was handed over without its jobs
 *   files/…           what the tenant's code keeps
 *
 * There is nothing else in it, no folder nor link either: folders are named in the manifest.
 */

const FORMAT = 'trilite-tenant';
const VERSION = 1;

export const MANIFEST_NAME = 'manifest.json';

/** Bytes of a manifest at most; it is the one part that is held in memory. */
export const MANIFEST_BYTES = 64 * 1024 * 1024;

const FILES = 'files/';

/** The name in an archive of one of a tenant's files. */
export function partName(role: LastingRole): string {
  return `${role}.sqlite`;
}

const bytes = z.int().min(0);
const quota = z.int().min(1).optional();

const partSchema = z.strictObject({
  name: z.string().refine(isPartName, 'is no name of a part'),
  bytes,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** Of the Trilite that made it. */
  trilite: z.string(),
  exportedAt: z.iso.datetime(),
  tenant: z.strictObject({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    domains: z.array(z.string()),
    weight: z.number().positive(),
    config: z.record(z.string(), z.unknown()),
    quotas: z.strictObject({
      databaseBytes: quota,
      cacheBytes: quota,
      queueBytes: quota,
      jobsPending: quota,
    }),
    createdAt: z.iso.datetime(),
  }),
  /** Those that ran on each file. */
  migrations: z.strictObject({ database: z.array(z.string()), queue: z.array(z.string()) }),
  /** Below `files/`, each after the one it lies in. */
  folders: z.array(z.string().refine(isBelowFiles, 'is no folder below "files/"')),
  parts: z
    .array(partSchema)
    .refine((parts) => areUnique(parts.map(({ name }) => name)), 'names a part twice')
    .refine(
      (parts) => parts.some(({ name }) => name === partName('database')),
      'names no database',
    ),
});

/** What an archive holds. */
export type Manifest = z.infer<typeof manifestSchema>;

/** A file in an archive. */
export type Part = z.infer<typeof partSchema>;

/** A manifest of this version. */
export function toManifest(facts: Omit<Manifest, 'format' | 'version'>): Manifest {
  return { format: FORMAT, version: VERSION, ...facts };
}

/** Reads the manifest of an archive. @throws E_TENANT_ARCHIVE_INVALID */
export function parseManifest(text: string, file: string): Manifest {
  const raw = parseJson(text, file);
  const { data: said } = z.object({ format: z.literal(FORMAT), version: z.int() }).safeParse(raw);
  if (said !== undefined && said.version !== VERSION) {
    throw TenantArchiveInvalidError.version(file, said.version, VERSION);
  }
  const { data, error } = manifestSchema.safeParse(raw);
  if (data !== undefined) return data;
  const problems = error.issues.map(({ path, message }) => `"${path.join('.')}": ${message}`);
  throw TenantArchiveInvalidError.manifest(file, problems.slice(0, 3).join('; '));
}

/** The files and folders of the tenant's own code. */
export function isBelowFiles(name: string): boolean {
  if (!name.startsWith(FILES) || name.includes('\0')) return false;
  return name.split('/').every((segment) => !['', '.', '..'].includes(segment));
}

function isPartName(name: string): boolean {
  return name === partName('database') || name === partName('queue') || isBelowFiles(name);
}

function areUnique(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw TenantArchiveInvalidError.manifest(file, 'it is no JSON');
  }
}
