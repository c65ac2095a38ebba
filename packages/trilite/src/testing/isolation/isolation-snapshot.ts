import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SqliteSettings } from '../../config/schema';
import { tenantConnections, type TenantConnections } from '../../config/tenant-connections';
import { parseTenantId } from '../../tenancy/tenant-id';
import { TenantPaths, TENANT_ROLES } from '../../tenancy/tenant-paths';
import type { TestApplication } from '../test-application';
import { canariesIn, readContents, type FileContents } from './file-contents-store';
import type { IsolationTenant } from './isolation-options';
import { oneOwner, ownersInShared } from './row-owner-store';

/** What lay on the disk at a moment. */
export interface IsolationSnapshot {
  /**
   * Of each tenant's files, and of the application's: by tenant id, '' for the application, and connection. Where tenants share files, what is of
   * each in them.
   */
  readonly contents: ReadonlyMap<string, ReadonlyMap<string, FileContents>>;
  /** Every other path in the storage folder, with what tells that a file was changed. */
  readonly disk: ReadonlyMap<string, string>;
}

/** The application itself, among the owners of files. */
export const CENTRAL_FILES = '';

/** Which tenants have work: their dispatches write there, and nothing of what they dispatch. */
const WORK_INDEX = 'tenancy.sqlite';

/** What SQLite keeps beside a file, and makes and removes as it likes. */
const BESIDE = /-(wal|shm|journal)$/;

/** Reads what lies on the disk now. */
export async function takeSnapshot(
  app: TestApplication,
  tenants: readonly IsolationTenant[],
): Promise<IsolationSnapshot> {
  const contents = new Map<string, ReadonlyMap<string, FileContents>>(await centralContents(app));
  if (app.config.tenancy.mode === 'files') {
    for (const { id } of tenants) contents.set(id, await tenantContents(app, id));
  }
  return { contents, disk: diskOf(app.storagePath, plainPaths(app)) };
}

/** What is wrong with what the work of one tenant left: everything that changed and is not its own. */
export function changesBy(
  actor: IsolationTenant,
  before: IsolationSnapshot,
  after: IsolationSnapshot,
): string[] {
  const problems: string[] = [];
  for (const owner of keysOf(before.contents, after.contents)) {
    if (owner === actor.id || owner === CENTRAL_FILES) continue;
    const [then, now] = [before.contents.get(owner), after.contents.get(owner)];
    for (const name of keysOf(then, now)) {
      const changed = changedTables(then?.get(name), now?.get(name));
      problems.push(
        ...changed.map(
          (table) => `Work of "${actor.id}" changed table "${table}" of "${owner}" (${name}).`,
        ),
      );
    }
  }
  const own = `${join('tenants', actor.id)}/`;
  for (const path of changedPaths(before, after).filter((one) => !one.startsWith(own))) {
    problems.push(`Work of "${actor.id}" changed "${path}" in the storage folder.`);
  }
  return problems;
}

/** What is wrong with the application's own files: tables that the work of tenants changed, and may not. */
export function centralChanges(
  before: IsolationSnapshot,
  after: IsolationSnapshot,
  allowed: readonly string[],
): string[] {
  const then = before.contents.get(CENTRAL_FILES);
  const now = [...(after.contents.get(CENTRAL_FILES) ?? [])];
  return now.flatMap(([name, contents]) =>
    name === WORK_INDEX
      ? []
      : changedTables(then?.get(name), contents)
          .filter((table) => !allowed.includes(table))
          .map((table) => `Work of tenants changed the application's table "${table}" (${name}).`),
  );
}

/** What is wrong with what lies in files: canaries in those of somebody else. */
export function strayCanaries(
  tenants: readonly IsolationTenant[],
  { contents }: IsolationSnapshot,
  { app, allowed }: { readonly app: TestApplication; readonly allowed: readonly string[] },
): string[] {
  const problems: string[] = [];
  for (const [owner, files] of contents) {
    const own = tenants.find(({ id }) => id === owner)?.canary;
    for (const [name, tables] of files) {
      for (const [table, { canaries }] of tables) {
        if (owner === CENTRAL_FILES && allowed.includes(table)) continue;
        const stray = [...canaries].find((canary) => canary !== own);
        if (stray === undefined) continue;
        const whose = ownerOf(stray, tenants);
        const where = owner === CENTRAL_FILES ? 'of the application' : `of "${owner}"`;
        problems.push(`Table "${table}" ${where} (${name}) holds data of ${whose}.`);
      }
    }
  }
  return [...problems, ...strayFiles(tenants, app)];
}

/** Whether any file of a tenant holds its canary. */
export function holdsOwn(
  { id, canary }: IsolationTenant,
  { contents }: IsolationSnapshot,
): boolean {
  return [...(contents.get(id)?.values() ?? [])].some((tables) =>
    [...tables.values()].some(({ canaries }) => canaries.has(canary)),
  );
}

/** Whose a canary is. One of nobody here is that of a tenant of an earlier application, which something outlived. */
export function ownerOf(canary: string, tenants: readonly IsolationTenant[]): string {
  const owner = tenants.find((tenant) => tenant.canary === canary);
  return owner === undefined ? 'a tenant of an earlier application' : `"${owner.id}"`;
}

function changedTables(
  before: FileContents | undefined,
  after: FileContents | undefined,
): string[] {
  const isChanged = (name: string): boolean =>
    before?.get(name)?.digest !== after?.get(name)?.digest;
  return keysOf(before, after).filter(isChanged);
}

function changedPaths(
  { disk: before }: IsolationSnapshot,
  { disk: after }: IsolationSnapshot,
): string[] {
  return keysOf(before, after).filter((path) => before.get(path) !== after.get(path));
}

/** What is there now, and what is there no more. */
function keysOf(
  before: ReadonlyMap<string, unknown> | undefined,
  after: ReadonlyMap<string, unknown> | undefined,
): string[] {
  return [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])];
}

/** Files beside those of SQLite, in the folder of a tenant and out of any. */
function strayFiles(tenants: readonly IsolationTenant[], app: TestApplication): string[] {
  return [...plainPaths(app)].flatMap((path) => {
    const own = tenants.find(({ id }) => path.startsWith(`${join('tenants', id)}/`))?.canary;
    const text = readFileSync(join(app.storagePath, path), 'latin1');
    const stray = canariesIn(text).find((canary) => canary !== own);
    return stray === undefined ? [] : [`"${path}" holds data of ${ownerOf(stray, tenants)}.`];
  });
}

/** Files that are not SQLite's. Those are looked into through SQLite alone: to open and close one that is in use drops its locks. */
function plainPaths({ storagePath, config }: TestApplication): ReadonlySet<string> {
  const declared = Object.values(config.database.connections).map(({ file }) => file);
  const paths = readdirSync(storagePath, { recursive: true, encoding: 'utf8' });
  const isPlain = (path: string): boolean => {
    const file = join(storagePath, path).replace(BESIDE, '');
    return !file.endsWith('.sqlite') && !declared.includes(file);
  };
  return new Set(
    paths.filter(
      (path) =>
        isPlain(path) &&
        statSync(join(storagePath, path), { throwIfNoEntry: false })?.isFile() === true,
    ),
  );
}

function diskOf(folder: string, plain: ReadonlySet<string>): ReadonlyMap<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const others = paths.filter(
    (path) => (!BESIDE.test(path) || plain.has(path)) && path !== WORK_INDEX,
  );
  return new Map(
    others.map((path) => {
      if (!plain.has(path)) return [path, ''];
      const { size = 0, mtimeMs = 0 } =
        statSync(join(folder, path), { throwIfNoEntry: false }) ?? {};
      return [path, `${size} ${mtimeMs}`];
    }),
  );
}

/** By whose rows they are, and connection. */
async function centralContents(
  app: TestApplication,
): Promise<ReadonlyMap<string, ReadonlyMap<string, FileContents>>> {
  const contents = new Map<string, Map<string, FileContents>>();
  const owners = app.config.tenancy.mode === 'single' ? ownersInShared : oneOwner;
  const { connections, default: preferred } = app.config.database;
  const index = {
    ...(connections[preferred] as SqliteSettings),
    file: join(app.storagePath, WORK_INDEX),
  };
  for (const [name, settings] of [...Object.entries(connections), [WORK_INDEX, index] as const]) {
    if (!('file' in settings) || !existsSync(settings.file)) continue;
    for (const [owner, tables] of await readContents(name, settings, owners)) {
      const files = contents.get(owner) ?? new Map<string, FileContents>();
      contents.set(owner, files.set(name, tables));
    }
  }
  return contents;
}

async function tenantContents(
  app: TestApplication,
  tenantId: string,
): Promise<ReadonlyMap<string, FileContents>> {
  const paths = new TenantPaths(app.storagePath);
  const connections = tenantConnections(app.config) as TenantConnections;
  const contents = new Map<string, FileContents>();
  for (const role of TENANT_ROLES) {
    const file = paths.file(parseTenantId(tenantId), role);
    const settings = app.config.database.connections[connections[role]] as SqliteSettings;
    const tables = await readContents(role, { ...settings, file });
    contents.set(role, tables.get('') ?? new Map<string, never>());
  }
  return contents;
}
