import { CacheRepository } from '../../src/cache/cache-repository';
import * as restore from '../../src/database/care/restore';
import { artisan, type ArtisanResult } from '../helpers/artisan';
import { copyProject, exportDefault, type TestProject } from '../helpers/project';
import { createTenantProject, notesIn, openTenantApplication, writeNote } from '../helpers/tenants';

/** The text of a file that exports a class with injected services. */
function injectable(name: string, services: string, body: string): string {
  const at = (path: string): string => JSON.stringify(require.resolve(path));
  return `
    const { ${services} } = require(${at('../../src/index')});
    class ${name} { ${body} }
    Reflect.defineMetadata('design:paramtypes', [${services}], ${name});
    require(${at('tsyringe')}).injectable()(${name});
    exports.${name} = ${name};`;
}

/** Says whose it is; fails for "globex" when it is told to. */
const WHO_COMMAND = injectable(
  'WhoCommand',
  'Tenancy, CacheRepository',
  `
  static signature = { name: 'who', description: 'Who', options: { fail: { description: '' } } };
  constructor(tenancy, cache) { this.tenancy = tenancy; this.cache = cache; }
  async handle({ output, options, app }) {
    const id = this.tenancy.current()?.id ?? 'nobody';
    const { connections } = await app();
    output.line('I am ' + id + ', who has ' + (await this.cache.get('who')));
    output.line(connections.connection('queue').file);
    if (options.fail && id === 'globex') return 3;
  }`,
);

const SEEDER = injectable(
  'TenantSeeder',
  'Database',
  `
  constructor(db) { this.db = db; }
  async run() { await this.db.insertInto('notes').values({ text: 'seeded' }).execute(); }`,
);

/** Calls it in the work of a tenant. */
const DATABASE_SEEDER = injectable(
  'DatabaseSeeder',
  'Tenancy',
  `
  constructor(tenancy) { this.tenancy = tenancy; }
  async run({ call }) {
    const { TenantSeeder } = require('./tenant-seeder');
    await this.tenancy.run('acme', () => call(TenantSeeder));
  }`,
);

let three: TestProject;
let project: TestProject;

beforeAll(async () => {
  three = createTenantProject({
    'config/app.js': exportDefault("{ env: 'testing' }"),
    'app/console/commands/who-command.js': WHO_COMMAND,
    'database/seeders/tenant-seeder.js': SEEDER,
    'database/seeders/database-seeder.js': DATABASE_SEEDER,
  });
  const app = await openTenantApplication(three);
  for (const id of ['acme', 'globex', 'initech']) {
    await app.tenancy.create(id);
    await app.tenancy.run(id, () => app.make(CacheRepository).put('who', id));
  }
  await app.tenancy.central(() => app.make(CacheRepository).put('who', 'the application'));
  await app.close();
});

beforeEach(() => {
  project = copyProject(three);
});

afterEach(() => project.remove());

afterAll(() => three.remove());

const run = (line: string): Promise<ArtisanResult> => artisan(project, line);

async function json<T>(line: string): Promise<T> {
  return JSON.parse((await run(line)).out) as T;
}

test('a command of the application runs as its own work, and for each tenant as that of the tenant', async () => {
  expect((await run('who')).out).toMatch(/I am nobody, who has the application\n/);
  const { code, out } = await run('tenants:run who');
  expect(code).toBe(0);
  expect(out).toMatch(/acme \.+ .*DONE[^]*I am acme, who has acme\n.*tenant_queue_acme\.sqlite/);
  expect(out).toMatch(/initech \.+ .*DONE[^]*I am initech, who has initech\n/);
});

test('built-in commands work on what each tenant has, with the options after "--"', async () => {
  expect((await run('tenants:run cache:forget who --tenants=acme')).code).toBe(0);
  expect((await run('tenants:run cache:clear --tenants=globex -- --store=sqlite')).code).toBe(0);
  const { out } = await run('tenants:run who --concurrency=3');
  expect(out).toContain('I am acme, who has undefined');
  expect(out).toContain('I am globex, who has undefined');
  expect(out).toContain('I am initech, who has initech');
  expect((await run('who')).out).toContain('who has the application');
});

test.each(['db:show', 'queue:status', 'migrate:status', 'cache:stats', 'db:check', 'db:optimize'])(
  '%s of a tenant shows nothing of the application',
  async (command) => {
    const { outcomes } = await json<{ outcomes: Record<string, { code: number; text: string }> }>(
      `tenants:run ${command} --tenants=acme --json`,
    );
    expect(outcomes['acme']?.code).toBe(0);
    expect(outcomes['acme']?.text).not.toContain('storage/database.sqlite');
  },
);

test('tenants:backup makes backups that db:restore puts back for a tenant, and for it alone', async () => {
  await run('tenants:seed');
  const { backups } = await json<{ backups: { tenant: string; files: { name: string }[] }[] }>(
    'tenants:backup --keep=1 --json',
  );
  expect(backups.map(({ tenant }) => tenant)).toEqual(['acme', 'globex', 'initech']);
  const [data = { name: '' }, queue] = backups[0]?.files ?? [];
  expect(queue?.name).toMatch(/^queue-/);
  await run('tenants:seed');
  const listed = await json<{ tenant: string }[]>('tenants:backups --tenants=acme --json');
  expect(listed).toHaveLength(2);
  await run('tenants:down acme');
  const { code, out } = await run(
    `tenants:run db:restore ${data.name} --tenants=acme --state=down`,
  );
  expect(out).toContain('is restored');
  expect(code).toBe(0);
  const clear = /"artisan (tenants:run .* cache:clear)"/.exec(out)?.[1] ?? '';
  expect(await run(clear)).toMatchObject({ code: 0 });
  await run('tenants:up acme');
  const notes = await json<{ outcomes: Record<string, { text: string }> }>(
    'tenants:run db:query "select text from notes" --json -- --json',
  );
  expect(notes.outcomes['acme']?.text.match(/seeded/g)).toHaveLength(1);
  expect(notes.outcomes['globex']?.text.match(/seeded/g)).toHaveLength(2);
});

test('a backup of another tenant, or for something else, is put in no place, by force neither', async () => {
  const { backups } = await json<{ backups: { files: { path: string }[] }[] }>(
    'tenants:backup --json',
  );
  const [data = '', queue = ''] = (backups[0]?.files ?? []).map(({ path }) => path);
  const central = await json<{ path: string }>('db:backup --json');
  await run('tenants:seed --tenants=globex');
  for (const [line, found] of [
    [`tenants:run --tenants=globex -- db:restore ${data} --force`, 'of the tenant "acme"'],
    [
      `tenants:run --tenants=acme -- db:restore ${queue} --connection=default --force`,
      'the queue file',
    ],
    [`db:restore ${data} --force`, 'a file of the application'],
    [`tenants:run --tenants=acme -- db:restore ${central.path} --force`, 'of the application'],
  ] as const) {
    const { code, out, err } = await run(line);
    expect(code).toBe(1);
    expect(out + err).toContain('E_TENANT_FILE_WRONG');
    expect(out + err).toContain(found);
  }
  const { out } = await run('tenants:run db:query "select text from notes" -- --json');
  expect(out.match(/seeded/g)).toHaveLength(1);
});

test('a file that a server has open is not replaced, and it is said when it will be free', async () => {
  const { backups } = await json<{ backups: { files: { path: string }[] }[] }>(
    'tenants:backup --tenants=acme --json',
  );
  const app = await openTenantApplication(project);
  await app.tenancy.run('acme', () => notesIn(app));
  const { code, out } = await run(
    `tenants:run --tenants=acme db:restore ${backups[0]?.files[0]?.path ?? ''}`,
  );
  await app.close();
  expect(code).toBe(1);
  expect(out).toContain('E_DATABASE_IN_USE');
  expect(out).toContain("lets go of a tenant's files 60 to 90 s after");
});

test('a restore that may wait replaces the file once nobody has it open', async () => {
  const { backups } = await json<{ backups: { files: { path: string }[] }[] }>(
    'tenants:backup --tenants=acme --json',
  );
  const app = await openTenantApplication(project);
  await app.tenancy.run('acme', () => writeNote(app, 'later'));
  const replacing = restore.restoreConnection;
  const tried = new Promise<void>((resolve) => {
    jest.spyOn(restore, 'restoreConnection').mockImplementation(async (...values) => {
      try {
        return await replacing(...values);
      } finally {
        resolve();
      }
    });
  });
  const path = backups[0]?.files[0]?.path ?? '';
  const restoring = run(`tenants:run --tenants=acme -- db:restore ${path} --wait=120`);
  await tried;
  await app.close();
  const { code, out } = await restoring;
  expect(out).toContain('Waiting for up to 120 s');
  expect(code).toBe(0);
  expect(
    (await run('tenants:run db:query "select * from notes" --tenants=acme')).out,
  ).not.toContain('later');
});

test('files that are older than the code are backed up, and put back', async () => {
  project.write(
    'database/migrations/tenant/2026_02_01_000000_later.js',
    'exports.default = { async up() {} };',
  );
  expect(await run('tenants:run who --tenants=acme')).toMatchObject({ code: 1 });
  expect(await run('tenants:backup --tenants=acme')).toMatchObject({ code: 0 });
  expect(await run('tenants:run migrate:status --tenants=acme')).toMatchObject({ code: 0 });
});

test("db:backup of a tenant goes to the tenant's own folder", async () => {
  const { out } = await run('tenants:run db:backup --tenants=acme');
  expect(out).toMatch(/storage\/tenants\/acme\/backups\/default-\w+\.sqlite/);
});

test('it ends at the first that fails, or goes on with --continue; the exit code says so', async () => {
  const stopped = await run('tenants:run who -- --fail');
  expect(stopped.code).toBe(1);
  expect(stopped.out).toContain('Failed: --tenants=globex\n');
  expect(stopped.out).toContain('Not begun: --tenants=initech\n');
  const result = await json<{ done: string[]; failed: object[] }>(
    'tenants:run who --continue --json -- --fail',
  );
  expect(result.done).toEqual(['acme', 'initech']);
  expect(result.failed).toMatchObject([{ tenant: 'globex', code: 'E_COMMAND_FAILED' }]);
});

test('what a command says of its failure stands below the tenant', async () => {
  const { code, out } = await run('tenants:run db:query "select 1 from nowhere" --tenants=acme');
  expect(code).toBe(1);
  expect(out).toMatch(/acme \.+ .*FAIL[^]*no such table: nowhere/);
});

test.each(['tenants:list', 'serve', 'queue:work', 'db:wipe', 'migrate:fresh', 'schedule:work'])(
  '%s is no command for one tenant',
  async (command) => expect(await run(`tenants:run ${command}`)).toMatchObject({ code: 2 }),
);

test.each([
  ['queue:work', 'queue:work --tenants'],
  ['schedule:run', 'perTenant()'],
  ['doctor', 'tenants:doctor'],
  ['migrate:fresh', 'tenants:purge'],
  ['serve', 'without "tenants:run"'],
])('for %s it says what to do instead', async (command, instead) => {
  expect((await run(`tenants:run ${command}`)).err).toContain(instead);
});

test('an unknown command is told once, and not by each tenant', async () => {
  const { code, err, out } = await run('tenants:run cache:claer');
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain('Did you mean "cache:clear"');
});

test('a tenant that takes no work is refused by name, and left out of "all"', async () => {
  await run('tenants:down globex');
  expect(await run('tenants:run who --tenants=globex')).toMatchObject({ code: 1 });
  expect((await run('tenants:run who')).out).toContain('2 tenants: 2 done. Left out: 1 down.');
  expect((await run('tenants:run who --dry-run')).out).toContain('Left out: 1 down.');
  expect(await json('tenants:seed --json')).toMatchObject({ leftOut: ['globex'] });
  for (const chosen of ['--state=active', '--tenants=acme', '--except=globex']) {
    expect((await run(`tenants:run who ${chosen}`)).out).not.toContain('Left out');
  }
});

test('tenants:seed runs a seeder on the data of each tenant that is chosen', async () => {
  expect(await run('tenants:seed --tenants=acme,globex')).toMatchObject({ code: 0 });
  const { out } = await run('tenants:run db:query "select text from notes" -- --json');
  expect(out.match(/seeded/g)).toHaveLength(2);
  expect((await run('tenants:seed --class=Nothing')).out).toContain('E_SEEDER_UNKNOWN');
});

test('db:seed runs what a seeder calls in the work of a tenant on the data of that tenant', async () => {
  expect(await run('db:seed')).toMatchObject({ code: 0 });
  const { out } = await run('tenants:run db:query "select text from notes" -- --json');
  expect(out.match(/seeded/g)).toHaveLength(1);
});
