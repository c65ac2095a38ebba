import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { CacheRepository } from '../../src/cache/cache-repository';
import { clock } from '../../src/support/clock';
import { TenantStore } from '../../src/tenancy/tenant-store';
import { parseTenantId } from '../../src/tenancy/tenant-id';
import { QueueRegistry } from '../../src/queue/queue-registry';
import type { Application } from '../../src/application';
import { artisan, type ArtisanResult } from '../helpers/artisan';
import { exportDefault, type TestProject } from '../helpers/project';
import { createTenantProject, openTenantApplication } from '../helpers/tenants';

let project: TestProject;

beforeEach(async () => {
  project = createTenantProject({
    'config/app.js': exportDefault("{ env: 'testing' }"),
    'app/jobs/nap.js': 'exports.Nap = class Nap { async handle() {} };',
  });
  await inApplication(async (app) => {
    for (const id of ['acme', 'globex']) await app.tenancy.create(id);
  });
});

afterEach(() => project.remove());

const run = (line: string): Promise<ArtisanResult> => artisan(project, line);

async function json<T>(line: string): Promise<T> {
  return JSON.parse((await run(`${line} --json`)).out) as T;
}

async function inApplication<T>(work: (app: Application) => Promise<T>): Promise<T> {
  const app = await openTenantApplication(project);
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

const folder = (...path: readonly string[]): string =>
  join(project.path, 'storage/tenants', ...path);

const fileOf = (id: string, role: string): string => folder(id, `tenant_${role}_${id}.sqlite`);

/** Has a tenant keep two jobs, one of which waits for later, and a cache that was read. */
async function use(id: string): Promise<void> {
  await inApplication((app) =>
    app.tenancy.run(id, async (_tenant, scope) => {
      const { Nap } = require(join(project.path, 'app/jobs/nap.js')) as { Nap: never };
      const queue = scope.make(QueueRegistry).dispatcher();
      await queue.dispatch(Nap, undefined);
      await queue.dispatch(Nap, undefined, { delay: '1h' });
      const cache = scope.make(CacheRepository);
      await cache.put('one', 1);
      await cache.get('one');
    }),
  );
}

test('a worker says that it serves nobody, and is refused what is about tenants where it serves none', async () => {
  const worked = (line: string): Promise<ArtisanResult> =>
    run(`queue:work --stop-when-empty ${line}`);
  const nobody = 'No tenant fits "--tenants=zz*"';
  expect((await worked('--tenants=zz*')).out).toContain(nobody);
  expect((await worked('--tenants=zz*,ac*')).out).not.toContain('No tenant fits');
  expect(await worked('--per-tenant=2')).toMatchObject({ code: 2 });
  expect(await worked('--per-tenant=2 --tenants')).toMatchObject({ code: 0 });
});

test('tenants:quota shows and sets what a tenant may have, and takes it back', async () => {
  expect((await run('tenants:quota acme')).out).toMatch(/Data file \.+ without limit/);
  await run('tenants:quota acme --database=1gb --jobs-pending=100');
  expect(await json('tenants:quota acme --cache=64kb')).toEqual({
    id: 'acme',
    quotas: { databaseBytes: 1024 ** 3, cacheBytes: 65_536, jobsPending: 100 },
    weight: 1,
  });
  expect(await json('tenants:quota acme --database=none --jobs-pending=none --weight=3')).toEqual({
    id: 'acme',
    quotas: { cacheBytes: 65_536 },
    weight: 3,
  });
  for (const options of ['--database=big', '--cache=1kb', '--queue=64kb', '--jobs-pending=0']) {
    expect(await run(`tenants:quota acme ${options}`)).toMatchObject({ code: 2 });
  }
});

test('tenants:backup refuses a file that is another tenant’s, and removes no backup for it', async () => {
  await run('tenants:backup --tenants=globex');
  const before = readdirSync(folder('globex', 'backups'));
  cpSync(fileOf('acme', 'database'), `${fileOf('globex', 'database')}.other`);
  renameSync(`${fileOf('globex', 'database')}.other`, fileOf('globex', 'database'));
  const { code, err, out } = await run('tenants:backup --tenants=globex --keep=1');
  expect([code, out + err]).toEqual([1, expect.stringContaining('E_TENANT_FILE_WRONG')]);
  expect(readdirSync(folder('globex', 'backups'))).toEqual(before);
});

describe('tenants:queue', () => {
  beforeEach(() => use('acme'));

  test('shows the jobs of each tenant, or of those alone that have some', async () => {
    expect((await run('tenants:queue')).out).toMatch(/acme[^\n]*default[^]*globex[^\n]*default/);
    expect(await json('tenants:queue --busy')).toMatchObject([
      { tenant: 'acme', queues: [{ queue: 'default', ready: 1, delayed: 1, failed: 0 }] },
    ]);
  });

  test('pauses and resumes the queues of those that are chosen, and of nobody by mistake', async () => {
    expect(await run('tenants:queue --pause')).toMatchObject({ code: 2 });
    expect((await run('tenants:queue --pause --tenants=acme')).out).toContain('PAUSED');
    expect(await json('tenants:queue')).toMatchObject([
      { tenant: 'acme', queues: [{ isPaused: true }] },
      { tenant: 'globex', queues: [{ isPaused: false }] },
    ]);
    await run('tenants:queue --resume --tenants=acme');
    expect(await json('tenants:queue --tenants=acme')).toMatchObject([
      { queues: [{ isPaused: false }] },
    ]);
  });
});

test('tenants:queue says once that there is no such connection', async () => {
  const { code, out, err } = await run('tenants:queue --connection=nosuch');
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain('E_QUEUE_CONNECTION_UNKNOWN');
});

test('tenants:stats shows files, jobs and cache of each tenant', async () => {
  await use('acme');
  expect(await json('tenants:stats')).toMatchObject([
    {
      tenant: 'acme',
      files: { database: expect.any(Number) as number },
      jobs: { waiting: 2, running: 0, failed: 0 },
      cache: { entries: 1, hitRate: 1 },
    },
    { tenant: 'globex', jobs: { waiting: 0 }, cache: { entries: 0, hitRate: null } },
  ]);
  expect((await run('tenants:stats')).out).toMatch(/acme[^\n]*100\.0 %/);
});

test('tenants:stats tells of a tenant that cannot be looked into, and shows the others', async () => {
  rmSync(fileOf('acme', 'queue'));
  const { code, out } = await run('tenants:stats --json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject([
    { tenant: 'acme', error: { code: 'E_DATABASE_FILE_MISSING' } },
    { tenant: 'globex', jobs: { waiting: 0 } },
  ]);
});

describe('tenants:doctor', () => {
  test('finds nothing where all is well', async () => {
    const { code, out } = await run('tenants:doctor');
    expect(code).toBe(0);
    expect(out).toContain('2 tenants, of which 2 are well.');
    expect((await run('tenants:doctor -v')).out).toMatch(/Migrations \.+ OK/);
  });

  test.each<[what: string, damage: () => void, found: RegExp]>([
    [
      'a missing folder',
      () => renameSync(folder('acme'), join(project.path, 'acme')),
      /The folder .* is not there/,
    ],
    ['a missing file', () => rmSync(fileOf('acme', 'queue')), /tenant_queue_acme\.sqlite/],
    [
      "another tenant's file",
      () => cpSync(fileOf('globex', 'database'), fileOf('acme', 'database')),
      /is the database file of the tenant "globex"/,
    ],
    [
      'a damaged file',
      () => writeFileSync(fileOf('acme', 'database'), 'x'.repeat(8192)),
      /File of database \.+ FAIL\s+[^\n]* is no SQLite database, or is damaged/,
    ],
    [
      'pending migrations',
      () =>
        project.write(
          'database/migrations/tenant/2026_02_01_000000_later.js',
          'exports.default = { async up() {} };',
        ),
      /tenants:migrate --tenants=acme/,
    ],
    ["a folder that is no tenant's", () => mkdirSync(folder('nobody')), /No tenant has.*nobody/],
  ])('finds %s', async (_what, damage, found) => {
    damage();
    const { code, out } = await run('tenants:doctor');
    expect(out).toMatch(found);
    expect(code).toBe(1);
  });

  test('says of a lost cache that it is made anew, and nothing else', async () => {
    rmSync(fileOf('acme', 'cache'));
    const { code, out } = await run('tenants:doctor');
    expect(out).toMatch(/tenant_cache_acme\.sqlite is not there[^]*It is made anew/);
    expect(out).not.toMatch(/FAIL|did not run/);
    expect(code).toBe(0);
  });

  describe('of a creation that was interrupted', () => {
    const MINUTES = 60_000;

    /** What a creation that was killed leaves in the registry. */
    const leaveCreating = (id: string): Promise<void> =>
      inApplication((app) =>
        new TenantStore(app.connections.connection()).insert({
          id: parseTenantId(id),
          slug: id,
          name: id,
        }),
      );

    const later = async <T>(work: () => Promise<T>): Promise<T> => {
      const now = clock.now() + 20 * MINUTES;
      const spy = jest.spyOn(clock, 'now').mockImplementation(() => now);
      try {
        return await work();
      } finally {
        spy.mockRestore();
      }
    };

    test('says nothing while it may go on', async () => {
      await leaveCreating('half');
      expect(await run('tenants:doctor --fix')).toMatchObject({ code: 0 });
      expect(await json('tenants:show half')).toMatchObject({ state: 'creating' });
    });

    test('before its folder was there: --fix forgets the tenant, and its id is free', async () => {
      await leaveCreating('half');
      expect((await later(() => run('tenants:doctor'))).out).toContain('it was interrupted');
      await later(() => run('tenants:doctor --fix'));
      expect(await run('tenants:create half')).toMatchObject({ code: 0 });
    });

    test('after its folder was there: --fix has the tenant there', async () => {
      await run('tenants:create whole');
      await inApplication((app) =>
        new TenantStore(app.connections.connection()).setState(parseTenantId('whole'), 'creating', [
          'active',
        ]),
      );
      expect(await later(() => run('tenants:doctor'))).toMatchObject({ code: 1 });
      expect(await later(() => run('tenants:doctor --fix'))).toMatchObject({ code: 0 });
      expect(await json('tenants:show whole')).toMatchObject({ state: 'active' });
    });

    test('in the place of something else: --fix looks at what it made of it', async () => {
      await leaveCreating('odd');
      mkdirSync(folder('odd'));
      const { code, out } = await later(() => run('tenants:doctor --fix'));
      expect(code).toBe(1);
      expect(out).toContain('Not there: tenant_database_odd.sqlite');
    });

    test('removes what it left among the folders', async () => {
      const leftover = folder('.creating/half.01');
      mkdirSync(leftover, { recursive: true });
      await run('tenants:doctor --fix');
      expect(existsSync(leftover)).toBe(true); // it may go on
      utimesSync(leftover, 0, 0);
      expect((await run('tenants:doctor')).out).toContain('half.01');
      await run('tenants:doctor --fix');
      expect(existsSync(leftover)).toBe(false);
    });
  });

  test('ends a deletion that was interrupted', async () => {
    await run('tenants:delete acme --force');
    renameSync(folder('.trash/acme'), folder('acme'));
    expect(await run('tenants:doctor')).toMatchObject({ code: 1 });
    expect(await run('tenants:doctor --fix')).toMatchObject({ code: 0 });
    expect(existsSync(folder('.trash/acme'))).toBe(true);
    expect(await run('tenants:restore acme')).toMatchObject({ code: 0 });
  });

  test('tells of what lies in the trash and is of no deleted tenant', async () => {
    mkdirSync(folder('.trash/nobody'), { recursive: true });
    expect((await run('tenants:doctor')).out).toMatch(/no deleted tenant has: nobody/);
    expect(existsSync(folder('.trash/nobody'))).toBe(true);
  });
});

test('a worker for tenants warns of those that wait for migrations', async () => {
  const warning = 'The files of 2 tenants may lack migrations';
  expect((await run('queue:work --tenants --stop-when-empty')).out).not.toContain(warning);
  project.write(
    'database/migrations/tenant/2026_02_01_000000_create_more.js',
    "exports.default = { up: (db) => db.schema.createTable('more').addColumn('a', 'text').execute() };",
  );
  const { out, err } = await run('queue:work --tenants --stop-when-empty');
  expect(out + err).toContain(warning);
});
