import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Application } from '../../src/application';
import { CacheRepository } from '../../src/cache/cache-repository';
import { RateLimiter } from '../../src/cache/limits/rate-limiter';
import { Locks } from '../../src/cache/locks/locks';
import { ConnectionRegistry } from '../../src/database/connection-registry';
import { Database } from '../../src/database/database';
import { QueueDispatcher } from '../../src/queue/queue-dispatcher';
import { artisan } from '../helpers/artisan';
import { errorWith } from '../helpers/errors';
import { exportDefault, type TestProject } from '../helpers/project';
import { createProjectInMode, openTenantApplication } from '../helpers/tenants';

const QUEUES = exportDefault(`{
  default: 'sqlite',
  connections: {
    sqlite: { driver: 'sqlite', connection: 'queue' },
    memory: { driver: 'memory' }, sync: { driver: 'sync' },
  },
}`);

const WORK = {
  concurrency: 1,
  sleepMs: 100,
  stopWhenEmpty: true,
  once: false,
  shutdownMs: 0,
  isWatched: false,
  queues: ['default'],
  tries: 1,
  timeoutMs: 0,
  backoff: 0,
};

class Say {
  static readonly jobName = 'Say';

  handle(text: string): void {
    if (text === 'bad') throw new Error('It broke');
    said.push(`${app.tenancy.current()?.id ?? 'nobody'}: ${text}`);
  }
}

const said: string[] = [];
let project: TestProject;
let app: Application;

beforeEach(async () => {
  said.splice(0);
  project = createProjectInMode('single', { 'config/queue.js': QUEUES });
  app = await openTenantApplication(project, { jobs: [Say] });
  for (const id of ['acme', 'globex']) await app.tenancy.create(id);
});

afterEach(async () => {
  await app.close();
  project.remove();
});

const say = (text: string, queue?: string, delay?: number) =>
  app.queue(queue).dispatch(Say, text, delay === undefined ? {} : { delay });

const insert = (text: string) =>
  app
    .make(Database)
    .insertInto('notes' as never)
    .values({ text })
    .execute();

/** Rows of all files in which a word stands, by table. */
async function traces(word: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of app.connections.names) {
    await app.connections.connection(name).read((handle) => {
      const tables = handle
        .statement(`select name from pragma_table_list where schema = 'main' and type = 'table'`)
        .pluck()
        .all() as string[];
      for (const table of tables) {
        const rows = handle.statement(`select * from "${table}"`).all();
        const found = rows.filter((row) => JSON.stringify(row).includes(word)).length;
        if (found > 0) counts[table] = found;
      }
    });
  }
  return counts;
}

test('a tenant has a folder for what its code keeps, and no files of SQLite', () => {
  const folder = join(project.path, 'storage/tenants/acme');
  expect(readdirSync(folder)).toEqual(['files']);
});

test('a tenant that is deleted and purged leaves its id, and takes nothing of others', async () => {
  for (const id of ['acme', 'globex']) {
    await app.tenancy.rename(id, { domains: [`${id}.example`] });
    await app.tenancy.run(id, async () => {
      await insert('kept');
      await app.make(CacheRepository).put('who', id);
      await app.make(CacheRepository).tags('team').put('tagged', id);
      await app.make(Locks).lock('import', '1h').get();
      await app.make(RateLimiter).hit('mail', '1h');
      await say('later', undefined, 3600);
      await say('bad');
    });
  }
  await app.queues.worker('sqlite', WORK).run();
  expect(Object.keys(await traces('acme')).length).toBeGreaterThan(6);
  const before = await traces('globex');
  await app.tenancy.delete('acme');
  await app.tenancy.purge('acme');
  expect(await traces('acme')).toEqual({ tenants: 1 });
  expect(await traces('globex')).toEqual(before);
  expect(existsSync(join(project.path, 'storage/tenants/.trash/acme'))).toBe(false);
  await expect(app.tenancy.create('acme')).rejects.toMatchObject({ code: 'E_TENANT_TAKEN' });
});

test('a job of a tenant that is deleted fails, and says so', async () => {
  const { id } = await app.tenancy.run('acme', () => say('never'));
  await app.tenancy.delete('acme');
  await app.queues.worker('sqlite', WORK).run();
  expect(said).toEqual([]);
  const [failed] = await app.tenancy.central(() => app.queues.store().failed());
  expect(failed).toMatchObject({ id, tenantId: 'acme' });
  expect(failed?.message).toContain('its tenant "acme" is deleted');
});

test('jobs of the application itself are nobody else’s', async () => {
  const { id } = await app.tenancy.central(() => say('central'));
  const find = () => app.make(QueueDispatcher).find(id);
  expect(await app.tenancy.run('acme', find)).toBeUndefined();
  await app.queues.worker('sqlite', WORK).run();
  expect(said).toEqual(['nobody: central']);
});

test('a queue in memory, and one that keeps none, are of a tenant as well', async () => {
  await app.tenancy.run('acme', () => say('at once', 'sync'));
  await app.tenancy.run('globex', () => say('soon', 'memory'));
  await app.queues.worker('memory', WORK).run();
  expect(said).toEqual(['acme: at once', 'globex: soon']);
});

test('a worker that goes from tenant to tenant has nothing to go to', () => {
  expect(() => app.tenantWorker(WORK)).toThrow(errorWith('E_TENANTS_SHARE_FILES'));
});

test('a tenant reaches no file that holds what is that of others', async () => {
  await app.tenancy.run('acme', () => {
    const connections = app.make(ConnectionRegistry);
    expect(connections.names).toContain('default');
    expect(() => connections.connection()).toThrow(errorWith('E_CONNECTION_SHARED'));
  });
});

test.each([
  'tenants:migrate',
  'tenants:rollback --force',
  'tenants:migrate:status',
  'tenants:backup',
  'tenants:queue',
  'tenants:stats',
  'tenants:doctor',
  'tenants:export acme --output=acme.tar.gz',
  'tenants:import acme.tar.gz',
  'tenants:work-index:rebuild',
  'queue:work --tenants --stop-when-empty',
  'queue:work --tenants --once',
  'tenants:quota acme --database=1gb',
  'tenants:quota acme --queue=1gb --jobs-pending=5',
])('"%s" says that there are no files of tenants', async (command) => {
  const { code, err, out } = await artisan(project, command);
  expect(code).not.toBe(0);
  expect(err + out).toContain('tenants share the files of the application');
});

test('commands of the application show how a table of tenants is made, and not a row of it', async () => {
  await app.tenancy.run('acme', () => insert('hidden'));
  const refused = await artisan(project, ['db:query', 'select * from notes']);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain('E_TENANT_CONTEXT_MISSING');
  const shown = await artisan(project, 'db:table notes');
  expect(shown).toMatchObject({ code: 0 });
  expect(shown.out).toContain('text');
});

test('the work of a tenant names no table of the framework, in whichever file it lies', async () => {
  for (const name of app.connections.names) {
    const tables = await app.connections
      .connection(name)
      .read((handle) =>
        handle
          .statement(`select name from pragma_table_list where schema = 'main' and type = 'table'`)
          .pluck()
          .all(),
      );
    const ofFramework = (tables as string[]).filter(
      (table) => table !== 'notes_all' && table !== 'sqlite_schema',
    );
    expect(ofFramework).toContain('migrations');
    for (const table of ofFramework) {
      const read = app.tenancy.run('acme', () =>
        sql`select * from ${sql.table(table)}`.execute(app.make(Database).connection(name)),
      );
      await expect(read).rejects.toEqual(errorWith('E_TENANT_SQL', `"${table}"`));
    }
  }
});

test('a migration of tenants makes no table that all of them would share, unless it says so', async () => {
  const countries = (more: string) => `exports.default = {
    ${more}
    up: (db) => db.schema.createTable('countries').addColumn('name', 'text').execute(),
  };`;
  const folder = 'database/migrations/tenant';
  const refused = `${folder}/2026_02_01_000000_create_countries.js`;
  project.write(refused, countries(''));
  await expect(app.migrator().migrate()).rejects.toMatchObject({
    cause: errorWith('E_TENANT_TABLE', '"countries"'),
  });
  rmSync(join(project.path, refused));
  // Of another name, for what was loaded stays so
  project.write(
    `${folder}/2026_02_01_000001_share_countries.js`,
    countries(`forAll: ['countries'],`),
  );
  await app.migrator().migrate();
});

test('a command that is run for a tenant does nothing to what is that of others', async () => {
  await app.tenancy.run('globex', () => insert('kept'));
  await app.tenancy.run('globex', () => app.make(CacheRepository).put('who', 'globex'));
  for (const command of ['db:wipe --force', 'migrate:fresh --force', 'queue:clear --force']) {
    const { code } = await artisan(project, `tenants:run "${command}" --tenants=acme --force`);
    expect({ command, code }).not.toMatchObject({ code: 0 });
  }
  await artisan(project, 'tenants:run "cache:clear --force" --tenants=acme --force');
  expect(await traces('globex')).toMatchObject({ notes_all: 1, cache_entries: 1 });
});

test('the command line shows and works what tenants share', async () => {
  await app.tenancy.run('acme', () => insert('hello'));
  const shown = await artisan(project, 'tenants:show acme');
  expect(shown).toMatchObject({ code: 0 });
  const asked = await artisan(project, 'db:query "select count(*) as n from notes_all" --json');
  expect(asked.out).toContain('1');
  for (const command of ['migrate:status', 'db:show', 'db:check', 'queue:status']) {
    const { code, err } = await artisan(project, command);
    expect({ command, code, err }).toEqual({ command, code: 0, err: '' });
  }
});
