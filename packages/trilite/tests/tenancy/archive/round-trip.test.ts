import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import DatabaseFile from 'better-sqlite3';
import type { Application } from '../../../src/application';
import { CacheRepository } from '../../../src/cache/cache-repository';
import { Locks } from '../../../src/cache/locks/locks';
import { Database } from '../../../src/database/database';
import type { JobClass } from '../../../src/queue/job';
import { QueueDispatcher } from '../../../src/queue/queue-dispatcher';
import { QueueRegistry } from '../../../src/queue/queue-registry';
import { TenantArchives, type ExportOptions } from 'trilite';
import { gate } from '../../helpers/gate';
import { readArchive, type LooseManifest } from '../../helpers/archives';
import { jobOf } from '../../helpers/jobs';
import { exportDefault, type TestProject } from '../../helpers/project';
import {
  createTenantProject,
  notesIn,
  openTenantApplication,
  writeNote,
} from '../../helpers/tenants';

/** What ran, as `tenant: payload`. */
const ran: string[] = [];

let work: (payload: string) => unknown;
let here: TestProject;
let there: TestProject;
let app: Application;
let other: Application;
let archive: string;

const Note = jobOf(
  async (payload: unknown, _context: unknown) => {
    const current = [app, other].map((one) => one.tenancy.current()?.id).find(Boolean);
    ran.push(`${current}: ${String(payload)}`);
    await work(String(payload));
  },
  { name: 'Note', options: { tries: 1 } },
) as JobClass;

const Once = jobOf((payload: unknown) => void ran.push(`once: ${String(payload)}`), {
  name: 'Once',
  options: { unique: true },
}) as JobClass;

const WORK = {
  concurrency: 1,
  tries: 1,
  timeoutMs: 0,
  backoff: 0,
  isWatched: false,
  sleepMs: 20,
  shutdownMs: 1000,
  stopWhenEmpty: true,
} as const;

beforeEach(async () => {
  ran.length = 0;
  work = () => undefined;
  here = createTenantProject();
  there = createTenantProject();
  app = await openTenantApplication(here, { jobs: [Note, Once] });
  other = await openTenantApplication(there, { jobs: [Note, Once] });
  archive = join(here.path, 'acme.tar.gz');
  await app.tenancy.create({
    id: 'acme',
    slug: 'acme-inc',
    name: 'Acme Inc.',
    domains: ['acme.example'],
    weight: 3,
    config: { locale: 'de' },
    quotas: { jobsPending: 50 },
  });
});

afterEach(async () => {
  await app.close();
  await other.close();
  here.remove();
  there.remove();
});

const folderOf = (project: TestProject, ...path: string[]): string =>
  join(project.path, 'storage/tenants', ...path);

const dispatch = (type: JobClass, payload: string, options = {}) =>
  app.tenancy.run('acme', () =>
    app.make(QueueDispatcher).dispatch(type as never, payload as never, options),
  );

/** Writes a note and dispatches a job, both or neither. */
const commit = (text: string) =>
  app.tenancy.run('acme', () =>
    app.make(Database).transaction(async (trx) => {
      await trx
        .insertInto('notes' as never)
        .values({ text })
        .execute();
      await app.make(QueueDispatcher).dispatch(Note as never, text);
    }),
  );

const handOut = (options: ExportOptions = {}) =>
  app.make(TenantArchives).export('acme', archive, options);

const takeIn = (options = {}) => other.make(TenantArchives).import(archive, options);

async function doJobs(application: Application): Promise<string[]> {
  const errors: unknown[] = [];
  await application.tenantWorker(WORK, { onError: (error) => errors.push(error) }).run();
  expect(errors).toEqual([]);
  return ran.splice(0);
}

async function manifestOf(): Promise<LooseManifest> {
  const [first] = await readArchive(archive);
  return JSON.parse(first?.data.toString() ?? '') as LooseManifest;
}

test('a tenant comes to another application as it was: data, jobs, files and what is said of it', async () => {
  await app.tenancy.run('acme', () => writeNote(app, 'of acme'));
  await app.tenancy.run('acme', () => app.make(CacheRepository).put('hot', 1, '1h'));
  await dispatch(Note, 'waits');
  mkdirSync(folderOf(here, 'acme/files/deep/empty'), { recursive: true });
  writeFileSync(folderOf(here, 'acme/files/deep/Übergröße 1.txt'), 'text', { mode: 0o640 });
  utimesSync(folderOf(here, 'acme/files/deep/Übergröße 1.txt'), 1000, 1000);
  writeFileSync(folderOf(here, 'acme/files/none'), '');
  const exported = await handOut();
  expect(exported).toMatchObject({ file: archive, files: 2, hasQueue: true });
  expect(statSync(archive).mode & 0o777).toBe(0o600);

  const imported = await takeIn();
  expect(imported).toMatchObject({ id: 'acme', files: 2, pending: [] });
  expect(imported.tenant).toMatchObject({
    state: 'active',
    slug: 'acme-inc',
    name: 'Acme Inc.',
    domains: ['acme.example'],
    weight: 3,
    config: { locale: 'de' },
    quotas: { jobsPending: 50 },
  });
  expect(await other.tenancy.run('acme', () => notesIn(other))).toEqual(['of acme']);
  expect(await other.tenancy.run('acme', () => other.make(CacheRepository).get('hot'))).toBe(
    undefined,
  );
  const file = folderOf(there, 'acme/files/deep/Übergröße 1.txt');
  expect(readFileSync(file, 'utf8')).toBe('text');
  expect(statSync(file)).toMatchObject({ mode: 0o100640, mtimeMs: 1_000_000 });
  expect(readdirSync(folderOf(there, 'acme/files/deep/empty'))).toEqual([]);
  expect(readFileSync(folderOf(there, 'acme/files/none'), 'utf8')).toBe('');
  expect(readdirSync(folderOf(there, '.creating'))).toEqual([]);
  expect(readdirSync(folderOf(here, '.creating'))).toEqual([]);
  expect(await doJobs(other)).toEqual(['acme: waits']);
  expect(await doJobs(app)).toEqual(['acme: waits']); // what is handed over is a copy
});

test("under another id its files are that tenant's, and its jobs run in its work", async () => {
  await other.tenancy.create({ id: 'acme', domains: ['acme.example'] });
  await app.tenancy.run('acme', () => writeNote(app, 'of acme'));
  await dispatch(Note, 'waits');
  await dispatch(Once, 'first');
  await handOut();
  await expect(takeIn()).rejects.toMatchObject({
    code: 'E_TENANT_TAKEN',
    help: expect.stringContaining('--id=<id>') as unknown,
  });
  await expect(takeIn({ id: 'acme-two' })).rejects.toMatchObject({
    code: 'E_TENANT_TAKEN',
    help: expect.stringContaining('--domains=<a,b>') as unknown,
  });
  const { tenant } = await takeIn({ id: 'acme-two', domains: [] });
  expect(tenant).toMatchObject({ id: 'acme-two', slug: 'acme-inc', domains: [] });
  const names = readdirSync(folderOf(there, 'acme-two'));
  expect(names.filter((name) => !/-(wal|shm)$/.test(name)).sort()).toEqual([
    'files',
    'tenant_cache_acme-two.sqlite',
    'tenant_database_acme-two.sqlite',
    'tenant_queue_acme-two.sqlite',
  ]);
  expect(await other.tenancy.run('acme-two', () => notesIn(other))).toEqual(['of acme']);
  expect(await other.tenancy.run('acme', () => notesIn(other))).toEqual([]);
  // The key is held until the job is done, and free then
  const again = () =>
    other.tenancy.run('acme-two', async () => {
      const handle = await other.make(QueueDispatcher).dispatch(Once as never, 'first');
      return handle.outcome;
    });
  expect(await again()).toBe('duplicate');
  expect((await doJobs(other)).sort()).toEqual(['acme-two: waits', 'once: first']);
  expect(await again()).toBe('stored');
});

test('a slug that was the id is the id it has here', async () => {
  await app.tenancy.rename('acme', { slug: 'acme', domains: [] });
  await handOut();
  expect((await takeIn({ id: 'acme-two' })).tenant).toMatchObject({ slug: 'acme-two' });
});

test('an id that a purged tenant had is refused', async () => {
  await handOut();
  await takeIn();
  await other.tenancy.delete('acme');
  await expect(takeIn({ slug: 'free', domains: [] })).rejects.toMatchObject({
    code: 'E_TENANT_TAKEN',
  });
  await other.tenancy.purge('acme');
  await expect(takeIn()).rejects.toMatchObject({ code: 'E_TENANT_TAKEN' });
  expect((await takeIn({ id: 'acme-two' })).tenant).toMatchObject({ id: 'acme-two' });
});

test("a job in hand waits in the copy, and is its holder's in the original; failed ones can be tried again", async () => {
  const begun = gate();
  const goOn = gate();
  work = async (payload) => {
    if (payload === 'fails') throw new Error('It broke');
    begun.open();
    await goOn.opened;
  };
  await dispatch(Note, 'fails');
  await doJobs(app);
  const { id } = await dispatch(Note, 'in hand');
  const worker = app.tenantWorker(WORK);
  const running = worker.run();
  await begun.opened;
  await handOut();
  goOn.open();
  await running;
  ran.length = 0;
  work = () => undefined;
  await takeIn();
  await other.tenancy.run('acme', async () => {
    const store = other.make(QueueRegistry).store();
    expect(await store.find(id)).toMatchObject({ state: 'waiting', attempts: 0 });
    const [failed] = await store.failed();
    expect(failed).toMatchObject({ job: 'Note', message: 'It broke' });
    expect((await store.retry({})).retried).toEqual([failed?.id]);
  });
  expect((await doJobs(other)).sort()).toEqual(['acme: fails', 'acme: in hand']);
});

test('a lock that a process holds is free in the copy; one that was taken for a time is not', async () => {
  await app.tenancy.run('acme', async () => {
    await app.make(Locks).lock('for a time', '1h').get();
    await app.make(Locks).withoutOverlapping('import', () => handOut());
  });
  await takeIn();
  const held = await other.tenancy.run('acme', () => other.make(Locks).held());
  expect(held.map(({ name }) => name)).toEqual(['for a time']);
});

test('without its queue it comes with data alone, and nothing that was committed runs a second time', async () => {
  await commit('with a job');
  await dispatch(Note, 'waits');
  expect(await handOut({ withoutQueue: true })).toMatchObject({ hasQueue: false });
  expect((await readArchive(archive)).map(({ header }) => header.name)).toEqual([
    'manifest.json',
    'database.sqlite',
  ]);
  await takeIn();
  expect(await other.tenancy.run('acme', () => notesIn(other))).toEqual(['with a job']);
  expect(await doJobs(other)).toEqual([]);
});

test('what was dispatched in a transaction, and was done, is not done once more in the copy', async () => {
  for (const text of ['one', 'two', 'three']) {
    await commit(text);
    // Rows stay in the outbox for a while after that
    await app.tenancy.run('acme', () => app.make(QueueRegistry).outbox.relay());
  }
  expect(await doJobs(app)).toHaveLength(3);
  // As upkeep does after some time
  const queue = new DatabaseFile(folderOf(here, 'acme/tenant_queue_acme.sqlite'));
  queue.exec("delete from jobs where state = 'done'");
  queue.close();
  await commit('four');
  await handOut();
  await takeIn({ id: 'acme-two' });
  expect(await doJobs(other)).toEqual(['acme-two: four']);
});

test('the manifest says what is in it, and a plain tar opens it', async () => {
  writeFileSync(folderOf(here, 'acme/files/logo.svg'), '<svg/>');
  await handOut();
  const manifest = await manifestOf();
  expect(manifest).toMatchObject({
    format: 'trilite-tenant',
    version: 1,
    tenant: {
      id: 'acme',
      slug: 'acme-inc',
      createdAt: expect.stringMatching(/^\d{4}-/) as unknown,
    },
  });
  expect(manifest.migrations.database).toContain('2026_01_01_000000_create_notes');
  expect(manifest.parts.map(({ name }) => name)).toEqual([
    'database.sqlite',
    'queue.sqlite',
    'files/logo.svg',
  ]);
  const target = join(here.path, 'by-hand');
  mkdirSync(target);
  execFileSync('tar', ['-xzf', archive, '-C', target]);
  expect(readFileSync(join(target, 'files/logo.svg'), 'utf8')).toBe('<svg/>');
});

test('an archive takes the place of nothing, unless it is to', async () => {
  writeFileSync(archive, 'mine');
  const refusal = { code: 'E_TENANT_ARCHIVE_EXISTS', message: '"acme.tar.gz" is there already.' };
  await expect(handOut()).rejects.toMatchObject(refusal);
  expect(readFileSync(archive, 'utf8')).toBe('mine');
  await handOut({ force: true });
  expect(statSync(archive).mode & 0o777).toBe(0o600);
  await takeIn();
  expect(readdirSync(here.path).filter((name) => name.includes('partial'))).toEqual([]);
});

test('a link in "files/" is refused, and nothing is left', async () => {
  symlinkSync('/etc/passwd', folderOf(here, 'acme/files/link'));
  await expect(handOut()).rejects.toMatchObject({
    code: 'E_TENANT_ARCHIVE_FAILED',
    message: expect.stringContaining('files/link') as unknown,
  });
  expect(existsSync(archive)).toBe(false);
  expect(readdirSync(folderOf(here, '.creating'))).toEqual([]);
  rmSync(folderOf(here, 'acme/files/link'));
  await handOut();
});

test("a file that is another tenant's is handed over to nobody", async () => {
  await app.tenancy.create('globex');
  await app.close();
  const fileOf = (id: string): string => folderOf(here, id, `tenant_database_${id}.sqlite`);
  copyFileSync(fileOf('globex'), fileOf('acme'));
  app = await openTenantApplication(here, { jobs: [Note, Once] });
  await expect(handOut()).rejects.toMatchObject({ code: 'E_TENANT_FILE_WRONG' });
  expect(existsSync(archive)).toBe(false);
});

test('data and jobs are of one moment, while somebody writes both', async () => {
  const stop = new AbortController();
  const writing = (async () => {
    for (let number = 1; !stop.signal.aborted; number += 1) await commit(String(number));
  })();
  await handOut();
  stop.abort();
  await writing;
  await takeIn();
  const notes = await other.tenancy.run('acme', () => notesIn(other));
  const jobs = (await doJobs(other)).map((line) => line.replace('acme: ', ''));
  expect(jobs.sort()).toEqual(notes.sort());
});

test.each(['database', 'queue'])(
  'it begins while nobody writes to the %s file, so that both are of one moment',
  async (role) => {
    // A project of its own: the files of a configuration are read once
    const impatient = createTenantProject({
      'config/database.js': exportDefault(`{
        default: 'default',
        connections: Object.fromEntries(['database', 'cache', 'queue'].map((name) => [
          name.replace('database', 'default'), { driver: 'sqlite', file: name + '.sqlite', busyTimeout: '20ms' },
        ])),
      }`),
    });
    const source = await openTenantApplication(impatient);
    const handOver = () => source.make(TenantArchives).export('acme', archive);
    try {
      await source.tenancy.create('acme');
      const writer = new DatabaseFile(folderOf(impatient, `acme/tenant_${role}_acme.sqlite`));
      writer.exec('begin immediate');
      await expect(handOver()).rejects.toMatchObject({ code: 'E_DATABASE_BUSY' });
      writer.exec('commit');
      writer.close();
      await handOver();
    } finally {
      await source.close();
      impatient.remove();
    }
  },
);

test('an archive that is newer than the code is refused; an older one is migrated as "onOpen" says', async () => {
  await handOut();
  const later = {
    'database/migrations/tenant/2026_02_01_000000_later.js':
      "exports.default = { up: (db) => db.schema.createTable('later').addColumn('x', 'text').execute() };",
  };
  const newer = createTenantProject(later);
  const migrating = createTenantProject({
    ...later,
    'config/tenancy.js': exportDefault("{ mode: 'files', migrations: { onOpen: 'migrate' } }"),
  });
  const newerApp = await openTenantApplication(newer, { jobs: [Note, Once] });
  const migratingApp = await openTenantApplication(migrating, { jobs: [Note, Once] });
  try {
    const { pending } = await newerApp.make(TenantArchives).import(archive);
    expect(pending).toEqual(['2026_02_01_000000_later']);
    await expect(newerApp.tenancy.run('acme', () => undefined)).rejects.toMatchObject({
      code: 'E_TENANT_SCHEMA',
    });
    expect((await migratingApp.make(TenantArchives).import(archive)).pending).toEqual([]);
    await migratingApp.tenancy.run('acme', () => notesIn(migratingApp));
    await migratingApp.make(TenantArchives).export('acme', archive, { force: true });
    await expect(takeIn()).rejects.toMatchObject({
      code: 'E_TENANT_SCHEMA',
      message: expect.stringContaining('2026_02_01_000000_later') as unknown,
    });
    expect(await other.tenancy.find('acme')).toBeUndefined();
    expect(readdirSync(folderOf(there, '.creating'))).toEqual([]);
  } finally {
    await newerApp.close();
    await migratingApp.close();
    newer.remove();
    migrating.remove();
  }
});

test('a dry run says what would come of it, and creates nothing', async () => {
  await handOut();
  expect(await takeIn({ dryRun: true })).toMatchObject({
    id: 'acme',
    tenant: undefined,
    pending: [],
  });
  expect(await other.tenancy.find('acme')).toBeUndefined();
  expect(existsSync(folderOf(there, 'acme'))).toBe(false);
  expect(readdirSync(folderOf(there, '.creating'))).toEqual([]);
});

test('a deleted tenant is exported by nobody; a suspended one is', async () => {
  await app.tenancy.suspend('acme');
  await handOut();
  await app.tenancy.delete('acme');
  await expect(handOut({ force: true })).rejects.toMatchObject({ code: 'E_TENANT_STATE' });
});
