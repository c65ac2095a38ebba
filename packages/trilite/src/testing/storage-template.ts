import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMigrator } from '../framework-migrations';
import { loadConfig, type Config } from '../config/load-config';
import { projectAt, type Project } from '../config/project';
import { ConnectionRegistry } from '../database/connection-registry';
import { errorCode } from '../support/errors';
import { isRunning } from '../support/process';
import { centralConnectionOptions } from '../tenancy/scope-guard';

/** Folders of this process: the template of each application, and a storage folder for each test that runs. */
const PREFIX = 'trilite-test-';

/** A storage folder for a test, and what it was copied from: nothing, when it was to be empty. */
export interface StorageFolder {
  readonly folder: string;
  readonly template: string | undefined;
}

/** A new storage folder, with migrated files copied from the template unless asked for an empty one. */
export async function storageFolder(
  basePath: string,
  env: Readonly<Record<string, string>>,
  { migrated }: { readonly migrated: boolean },
): Promise<StorageFolder> {
  const home = processFolder();
  const folder = mkdtempSync(join(home, 'storage-'));
  const template = migrated ? await templateFolder(home, basePath, env) : undefined;
  if (template !== undefined) cpSync(template, folder, { recursive: true });
  return { folder, template };
}

/** Makes a storage folder again what it was at first. Nothing in it may be open. */
export function refillFolder({ folder, template }: StorageFolder): void {
  for (const name of readdirSync(folder)) removeFolder(join(folder, name));
  if (template !== undefined) cpSync(template, folder, { recursive: true });
}

/** Removes a folder and what is in it. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Migrated once for each state of configuration and migrations; a later test file of the same jest worker finds it there. */
async function templateFolder(
  home: string,
  basePath: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const unfinished = mkdtempSync(join(home, 'unfinished-'));
  const project = projectAt(basePath, env);
  const config = loadConfig(project, unfinished);
  const folder = join(home, `template-${fingerprint(project, config)}`);
  if (existsSync(folder)) {
    removeFolder(unfinished);
    return folder;
  }
  const connections = new ConnectionRegistry(config.database, {
    connectionOptions: centralConnectionOptions(config),
  });
  try {
    await createMigrator(project, config, connections).migrate();
  } finally {
    await connections.close();
  }
  renameSync(unfinished, folder);
  return folder;
}

/** Changes with what decides the files and their tables, and with every migration: jest's watch mode keeps its process. */
function fingerprint(
  { codePath }: Project,
  { cache, queue, database, tenancy, storagePath }: Config,
): string {
  const settings = JSON.stringify({ codePath, cache, queue, database, tenancy });
  const hash = createHash('sha256').update(settings.replaceAll(storagePath, ''));
  const migrations = join(codePath, 'database/migrations');
  const names = existsSync(migrations)
    ? readdirSync(migrations, { recursive: true, encoding: 'utf8' })
    : [];
  for (const name of names.sort()) {
    hash.update(`${name}:${statSync(join(migrations, name)).mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

function processFolder(): string {
  // The start of the process tells it from an earlier one of the same pid, whose folder may have been left behind.
  const folder = join(tmpdir(), `${PREFIX}${process.pid}-${Math.round(performance.timeOrigin)}`);
  if (!existsSync(folder)) {
    removeAbandoned();
    mkdirSync(folder, { recursive: true });
  }
  return folder;
}

function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = /^trilite-test-(\d+)-\d+$/.exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid))) removeIfOwn(join(tmpdir(), name));
  }
}

/** Another user's is theirs to remove. */
function removeIfOwn(folder: string): void {
  try {
    removeFolder(folder);
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
  }
}
