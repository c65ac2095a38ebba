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
import { basename, join } from 'node:path';
import { createMigrator } from '../framework-migrations';
import type { Config } from '../config/load-config';
import type { Project } from '../config/project';
import { ConnectionRegistry } from '../database/connection-registry';
import { errorCode } from '../support/errors';
import { isRunning } from '../support/process';
import { centralConnectionOptions } from '../tenancy/scope-guard';

/** Folders of this process: the template of each application, and a storage folder for each test that runs. */
const PREFIX = 'trilite-test-';

/** A new and empty storage folder for a test. */
export function newStorageFolder(): string {
  return mkdtempSync(join(processFolder(), 'storage-'));
}

/**
 * Fills the storage folder of an application whose files nobody has opened yet with migrated ones.
 *
 * @returns the folder they were copied from: migrated once for each state of configuration and migrations; a later test file of the same jest
 * worker finds it there
 */
export async function fillStorage(project: Project, config: Config): Promise<string> {
  const { storagePath } = config;
  const template = join(processFolder(), `template-${fingerprint(project, config)}`);
  if (existsSync(template)) {
    cpSync(template, storagePath, { recursive: true });
    return template;
  }
  const connections = new ConnectionRegistry(config.database, {
    connectionOptions: centralConnectionOptions(config),
  });
  try {
    await createMigrator(project, config, connections).migrate();
  } finally {
    await connections.close();
  }
  // Whole or not at all; another test of this process may have made it meanwhile
  const unfinished = mkdtempSync(join(processFolder(), 'unfinished-'));
  cpSync(storagePath, unfinished, { recursive: true });
  if (existsSync(template)) removeFolder(unfinished);
  else renameSync(unfinished, template);
  return template;
}

/** Makes a storage folder again what it was at first. Nothing in it may be open. */
export function refillFolder(folder: string, template: string | undefined): void {
  for (const name of readdirSync(folder)) removeFolder(join(folder, name));
  if (template !== undefined) cpSync(template, folder, { recursive: true });
}

/** Removes a folder and what is in it. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Changes with what decides the files and their tables, and with every migration: jest's watch mode keeps its process. */
function fingerprint(
  { codePath }: Project,
  { cache, queue, database, tenancy, storagePath }: Config,
): string {
  const settings = JSON.stringify({ codePath, cache, queue, database, tenancy });
  // The name of the folder is in paths, and in the keys of servers
  const hash = createHash('sha256').update(settings.replaceAll(basename(storagePath), ''));
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
