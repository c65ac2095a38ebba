import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from '../../src/database/database';
import { artisan, type ArtisanResult } from '../helpers/artisan';
import { ARTISAN_FILE, ArtisanProcess } from '../helpers/artisan-process';
import { copyProject, exportDefault, type TestProject } from '../helpers/project';
import { createTenantProject, openTenantApplication } from '../helpers/tenants';

const AUTHOR = 'database/migrations/tenant/2026_02_01_000000_add_author.js';
const UNIQUE = 'database/migrations/tenant/2026_03_01_000000_unique_text.js';

const ADD_AUTHOR = `
  exports.default = {
    up: (db) => db.schema.alterTable('notes').addColumn('author', 'text').execute(),
    down: (db) => db.schema.alterTable('notes').dropColumn('author').execute(),
  };`;

/** Fails for who has a note twice. */
const MAKE_UNIQUE = `
  exports.default = {
    up: (db) => db.schema.createIndex('notes_text').unique().on('notes').column('text').execute(),
    down: (db) => db.schema.dropIndex('notes_text').execute(),
  };`;

/** Does not end for who has a note "slow", while a file says so. */
const HANG = `
  const { existsSync } = require('node:fs');
  exports.default = {
    async up(db) {
      await db.schema.alterTable('notes').addColumn('late', 'text').execute();
      const slow = await db.selectFrom('notes').selectAll().where('text', '=', 'slow').execute();
      if (slow.length === 0 || !existsSync(__dirname + '/../../../hang')) return;
      console.log('hanging');
      await new Promise((resolve) => setInterval(resolve, 2 ** 30));
    },
    down: (db) => db.schema.alterTable('notes').dropColumn('late').execute(),
  };`;

const TEN = Array.from({ length: 10 }, (_, index) => `t${String(index + 1).padStart(2, '0')}`);

let ten: TestProject;
let project: TestProject;

beforeAll(async () => {
  ten = createTenantProject({
    'artisan.js': ARTISAN_FILE,
    'config/app.js': exportDefault("{ env: 'testing' }"),
  });
  const app = await openTenantApplication(ten);
  for (const id of TEN) await app.tenancy.create(id);
  await app.close();
});

beforeEach(() => {
  project = copyProject(ten);
});

afterEach(() => project.remove());

afterAll(() => ten.remove());

const run = (line: string): Promise<ArtisanResult> => artisan(project, line);

interface RunResult {
  readonly run: string;
  readonly done: string[];
  readonly failed: { tenant: string; code: string }[];
  readonly skipped: string[];
}

async function json<T = RunResult>(line: string): Promise<T> {
  return JSON.parse((await run(`${line} --json`)).out) as T;
}

async function inApplication(
  work: (app: Awaited<ReturnType<typeof openTenantApplication>>) => Promise<void>,
): Promise<void> {
  const app = await openTenantApplication(project);
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

/** Has a tenant write notes before a migration comes. */
async function note(id: string, ...texts: readonly string[]): Promise<void> {
  await inApplication((app) =>
    app.tenancy.run(id, async () => {
      for (const text of texts) {
        await app
          .make(Database)
          .insertInto('notes' as never)
          .values({ text })
          .execute();
      }
    }),
  );
}

/** The application's own migrations that have run on each tenant's files, without their dates. */
async function ran(): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  await inApplication(async (app) => {
    await app.tenancy.each(
      {},
      async (tenant, scope) => {
        const statuses = await app.tenantMigrator(tenant, scope).status();
        found[tenant.id] = statuses
          .filter(({ name, batch }) => batch !== undefined && !name.startsWith('trilite/'))
          .map(({ name }) => name.replace(/^[\d_]+/, ''));
      },
      { anySchema: true },
    );
  });
  return found;
}

const all = (names: readonly string[]): Record<string, readonly string[]> =>
  Object.fromEntries(TEN.map((id) => [id, names]));

const before = ['create_notes'];
const after = ['create_notes', 'unique_text'];

test('tenants:migrate brings every tenant up to date, the suspended included', async () => {
  await run('tenants:suspend t03');
  project.write(AUTHOR, ADD_AUTHOR);
  expect(await run('tenants:migrate:status --pending')).toMatchObject({ code: 1 });
  const { code, out } = await run('tenants:migrate --concurrency=4');
  expect(code).toBe(0);
  expect(out).toContain('10 tenants: 10 done. 10 migrations ran.');
  expect(out).toMatch(/t01 \.+ 1 migration [\d.]+m?s DONE/);
  const status = await run('tenants:migrate:status --pending');
  expect(status).toMatchObject({
    code: 0,
    out: expect.stringContaining('all are current') as string,
  });
  await run('tenants:resume t03');
  expect(await ran()).toEqual(all(['create_notes', 'add_author']));
});

test('what was up to date is said to be so, and what ran is counted', async () => {
  const nothing = await run('tenants:migrate');
  expect(nothing.out).toMatch(/t01 \.+ nothing to migrate [\d.]+m?s DONE/);
  expect(nothing.out).toContain('10 tenants: 10 done. Nothing to migrate.');
  project.write(AUTHOR, ADD_AUTHOR);
  await run('tenants:migrate --tenants=t01');
  expect(await json('tenants:migrate')).toMatchObject({
    migrations: { t01: [], t02: ['2026_02_01_000000_add_author'] },
  });
  const back = await run('tenants:rollback --where=id=t0*');
  expect(back.out).toContain('9 tenants: 9 done. 9 migrations rolled back.');
  expect((await run('tenants:rollback --tenants=t01 --batch=7')).out).toContain(
    'Nothing to roll back.',
  );
});

test('migrate and doctor say how many tenants wait, and open no file of theirs', async () => {
  const waiting = /The files of (\d+) tenants? may lack migrations/;
  const waitingIn = async (line: string) => waiting.exec((await run(line)).out)?.[1];
  expect(await waitingIn('migrate')).toBeUndefined();
  expect((await run('doctor')).out).toMatch(/Migrations of tenants \.+ OK/);
  project.write(AUTHOR, ADD_AUTHOR);
  renameSync(join(project.path, 'storage/tenants'), join(project.path, 'away'));
  expect(await waitingIn('migrate')).toBe('10');
  expect((await run('doctor')).out).toMatch(/Migrations of tenants \.+ WARN\n.*10 tenants/);
  renameSync(join(project.path, 'away'), join(project.path, 'storage/tenants'));
  await run('tenants:migrate --tenants=t01,t02,t03');
  await run('tenants:create late');
  expect(await waitingIn('migrate')).toBe('7');
  await run('tenants:migrate');
  expect(await waitingIn('migrate')).toBeUndefined();
  await run('tenants:rollback --tenants=t01');
  expect(await waitingIn('migrate')).toBe('1');
  await run('tenants:run --tenants=t02 migrate:rollback');
  expect(await waitingIn('migrate')).toBe('2');
  await run('tenants:run --tenants=t02 migrate');
  expect(await waitingIn('migrate')).toBe('1');
});

describe('when the migration fails for the seventh of ten', () => {
  beforeEach(async () => {
    await note('t07', 'twice', 'twice');
    project.write(UNIQUE, MAKE_UNIQUE);
  });

  const mend = (): Promise<void> =>
    inApplication((app) =>
      app.tenancy.run(
        't07',
        async () => {
          await app
            .make(Database)
            .deleteFrom('notes' as never)
            .execute();
        },
        { anySchema: true },
      ),
    );

  test('the run ends there: those before are done, those after untouched, and it says how to go on', async () => {
    const { code, out } = await run('tenants:migrate');
    expect(code).toBe(1);
    expect(out).toContain('10 tenants: 6 done, 1 failed, 3 not begun.');
    expect(out).toContain('Failed: --tenants=t07\n');
    expect(out).toContain('Not begun: --tenants=t08,t09,t10\n');
    const expected = { ...all(after) };
    for (const id of ['t07', 't08', 't09', 't10']) expected[id] = before;
    expect(await ran()).toEqual(expected);
  });

  test('--continue has all the others done', async () => {
    const result = await json('tenants:migrate --continue');
    expect(result).toMatchObject({ failed: [{ tenant: 't07', code: 'E_MIGRATION_FAILED' }] });
    expect(result.done).toHaveLength(9);
    expect(await ran()).toEqual({ ...all(after), t07: before });
  });

  test('--resume goes on with it and those after it, in the same run', async () => {
    const { run: id } = await json('tenants:migrate');
    await mend();
    expect(await json('tenants:migrate --resume')).toMatchObject({
      run: id,
      done: ['t07', 't08', 't09', 't10'],
    });
    expect(await ran()).toEqual(all(after));
    expect((await run('tenants:migrate --resume')).out).toContain('No run is to be gone on with');
  });

  test('--resume fails again while nobody has mended it', async () => {
    await run('tenants:migrate');
    const { code, out } = await run('tenants:migrate --resume');
    expect(code).toBe(1);
    expect(out).toContain('4 tenants: 0 done, 1 failed, 3 not begun.');
  });

  test('--only-failed has those alone that failed', async () => {
    await run('tenants:migrate');
    await mend();
    expect(await json('tenants:migrate --only-failed')).toMatchObject({ done: ['t07'] });
    expect((await ran())['t08']).toEqual(before);
  });

  test('--rollback-run takes back what the run did, and touches nobody else', async () => {
    project.write(AUTHOR, ADD_AUTHOR);
    const { run: id } = await json('tenants:migrate');
    expect((await ran())['t07']).toEqual(['create_notes', 'add_author']); // the first of two
    const { code, out } = await run(`tenants:migrate --rollback-run=${id}`);
    expect(code).toBe(0);
    expect(out).toContain('7 tenants: 7 done.');
    expect(await ran()).toEqual(all(before));
    expect((await run('tenants:migrate --resume')).out).toContain('No run is to be gone on with');
    expect((await run('tenants:migrate --only-failed')).out).toContain('No run');
  });

  test.each([
    [7, 6, 3],
    [8, 6, 3],
  ])('among %i canaries, nobody after it is begun, even with --continue', async (canary) => {
    const result = await json(`tenants:migrate --continue --canary=${canary} --concurrency=4`);
    expect(result.done).toHaveLength(6);
    expect(result.skipped).toEqual(['t08', 't09', 't10']);
  });
});

test('canaries that do well let all the others have their turn', async () => {
  project.write(AUTHOR, ADD_AUTHOR);
  const result = await json('tenants:migrate --canary=2 --concurrency=4');
  expect(result.done).toEqual(TEN);
});

describe('a run', () => {
  test('cannot be taken back from below another one', async () => {
    project.write(AUTHOR, ADD_AUTHOR);
    const first = await json('tenants:migrate');
    project.write(UNIQUE, MAKE_UNIQUE);
    const second = await json('tenants:migrate --tenants=t01,t02');
    const refused = await json(`tenants:migrate --rollback-run=${first.run} --continue`);
    expect(refused.failed).toMatchObject([
      { tenant: 't01', code: 'E_TENANT_MIGRATION_RUN' },
      { tenant: 't02', code: 'E_TENANT_MIGRATION_RUN' },
    ]);
    expect(refused.done).toHaveLength(8);
    await run(`tenants:migrate --rollback-run=${second.run}`);
    expect(await json(`tenants:migrate --rollback-run=${first.run}`)).toMatchObject({
      done: ['t01', 't02'],
    });
    expect(await ran()).toEqual(all(before));
  });

  test('that was taken back by hand leaves nothing to take back', async () => {
    project.write(AUTHOR, ADD_AUTHOR);
    const { run: id } = await json('tenants:migrate');
    await run('tenants:rollback --tenants=t01');
    await run('tenants:migrate --tenants=t01'); // by another run, and so not of the first
    await run(`tenants:migrate --rollback-run=${id}`);
    expect(await ran()).toEqual({ ...all(before), t01: ['create_notes', 'add_author'] });
  });

  test('is listed with what became of it; an unknown one is named', async () => {
    project.write(AUTHOR, ADD_AUTHOR);
    const { run: id } = await json('tenants:migrate');
    expect(await json('tenants:migrate:status --runs')).toMatchObject([
      { id, tenants: 10, done: 10, failed: 0, waiting: 0 },
    ]);
    expect((await run('tenants:migrate:status --runs')).out).toContain(id);
    expect((await run('tenants:migrate --rollback-run=none')).err).toContain(
      'E_TENANT_MIGRATION_RUN',
    );
  });

  test('that is killed goes on where it ended, and knows what it did before', async () => {
    const hang = join(project.path, 'hang');
    await note('t05', 'slow');
    project.write(AUTHOR, ADD_AUTHOR);
    project.write('database/migrations/tenant/2026_02_02_000000_hang.js', HANG);
    project.write('hang', '');
    const killed = new ArtisanProcess(project, ['tenants:migrate']);
    await killed.said(/hanging/);
    await killed.kill();
    expect((await ran())['t05']).toEqual(['create_notes', 'add_author']);
    rmSync(hang);
    const result = await json('tenants:migrate --resume');
    expect(result.done).toEqual(['t05', 't06', 't07', 't08', 't09', 't10']);
    expect(await ran()).toEqual(all(['create_notes', 'add_author', 'hang']));
    await run(`tenants:migrate --rollback-run=${result.run}`);
    expect(await ran()).toEqual(all(before));
  });
});

test('files that are newer than the code are refused, and shown as such', async () => {
  project.write(AUTHOR, ADD_AUTHOR);
  await run('tenants:migrate --tenants=t01');
  renameSync(join(project.path, AUTHOR), join(project.path, 'set-aside.js'));
  project.write(UNIQUE, MAKE_UNIQUE);
  const result = await json('tenants:migrate --continue');
  expect(result.failed).toMatchObject([{ tenant: 't01', code: 'E_TENANT_SCHEMA' }]);
  expect(result.done).toHaveLength(9);
  expect((await run('tenants:migrate:status')).out).toMatch(/t01 .*1 newer than the code/);
});

test('--pretend prints the SQL for each tenant, and changes nothing', async () => {
  project.write(AUTHOR, ADD_AUTHOR);
  const { out } = await run('tenants:migrate --pretend --tenants=t01,t02');
  expect(out.match(/alter table "notes" add column "author"/g)).toHaveLength(2);
  expect(await ran()).toEqual(all(before));
  expect((await run('tenants:migrate --dry-run --tenants=t01,t02')).out).toMatch(/t01 \.+ active/);
  expect(await json('tenants:migrate:status --runs')).toEqual([]);
});

test('tenants:rollback takes back the last batch of those that are chosen', async () => {
  project.write(AUTHOR, ADD_AUTHOR);
  await run('tenants:migrate');
  expect((await run('tenants:rollback --tenants=t01 --pretend')).out).toContain('drop column');
  expect(await json('tenants:rollback --tenants=t01,t02')).toMatchObject({ done: ['t01', 't02'] });
  expect((await ran())['t01']).toEqual(before);
  expect((await ran())['t03']).toEqual(['create_notes', 'add_author']);
});

test('tenants:rollback takes nobody for everybody', async () => {
  const { code, err } = await run('tenants:rollback --force');
  expect({ code, err }).toEqual({
    code: 2,
    err: expect.stringContaining('Say which tenants') as string,
  });
});

test('what drops data is asked in production, unless by force', async () => {
  project.write(AUTHOR, ADD_AUTHOR);
  const { run: id } = await json('tenants:migrate');
  project.write('config/app.js', exportDefault("{ env: 'production' }"));
  jest.resetModules();
  for (const line of ['tenants:rollback --where=id=*', `tenants:migrate --rollback-run=${id}`]) {
    const { code, err } = await run(line);
    expect(err).toContain('--force');
    expect(code).toBe(2);
  }
});

test.each(['--resume --only-failed', '--resume --tenants=t01', '--rollback-run=x --pretend'])(
  '%s contradict each other',
  async (options) => {
    expect(await run(`tenants:migrate ${options}`)).toMatchObject({ code: 2 });
  },
);
