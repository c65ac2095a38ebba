import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Application } from '../../src/application';
import * as clockModule from '../../src/support/clock';
import { CacheRepository } from '../../src/cache/cache-repository';
import { Database } from '../../src/database/database';
import { gate } from '../helpers/gate';
import { exportDefault, type TestProject } from '../helpers/project';
import {
  createTenantProject,
  openTenantApplication,
  treeOf,
  notesIn,
  writeNote,
} from '../helpers/tenants';

let project: TestProject;
let app: Application;

beforeEach(async () => {
  project = createTenantProject();
  app = await openTenantApplication(project);
});

afterEach(async () => {
  await app.close();
  project.remove();
});

const tenants = (...path: readonly string[]): string =>
  join(project.path, 'storage/tenants', ...path);

const fileOf = (id: string, role = 'database'): string =>
  tenants(id, `tenant_${role}_${id}.sqlite`);

const write = (text: string): Promise<void> => writeNote(app, text);
const notes = (): Promise<string[]> => notesIn(app);

/** Lets another application of the same project stand for another process. */
async function elsewhere<T>(work: (other: Application) => Promise<T>): Promise<T> {
  const other = await openTenantApplication(project);
  try {
    return await work(other);
  } finally {
    await other.close();
  }
}

describe('creating', () => {
  test('leaves nothing behind when something lies in the place', async () => {
    mkdirSync(tenants('acme'), { recursive: true });
    writeFileSync(tenants('acme', 'somebody'), 'else');
    await expect(app.tenancy.create('acme')).rejects.toMatchObject({ code: 'E_TENANT_FOLDER' });
    expect(readdirSync(tenants('acme'))).toEqual(['somebody']);
    expect(await app.tenancy.find('acme')).toBeUndefined();
    rmSync(tenants('acme'), { recursive: true });
    await app.tenancy.create('acme');
    expect(readdirSync(tenants('.creating'))).toEqual([]);
  });

  test('of one id at once by two makes one tenant', async () => {
    const results = await elsewhere((other) =>
      Promise.allSettled([app.tenancy.create('acme'), other.tenancy.create('acme')]),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await app.tenancy.run('acme', notes)).toEqual([]);
  });

  test('of many at once builds one template', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `tenant-${index}`);
    await elsewhere((other) =>
      Promise.all(ids.map((id, index) => (index % 2 === 0 ? app : other).tenancy.create(id))),
    );
    expect(readdirSync(tenants('.templates'))).toHaveLength(1);
    const run = await app.tenancy.each({}, ({ id }) => write(id));
    expect(run.done).toHaveLength(20);
  });

  test.each([
    '..',
    '.',
    '',
    'A',
    'a--b',
    '-a',
    'a-',
    'a/b',
    'a\\b',
    'a\0b',
    '%2e%2e',
    'a?b',
    'a#b',
    'ä',
    'a ',
    'con.',
    'a'.repeat(41),
    'é',
    '😀',
  ])('refuses the id %j, and writes nothing', async (id) => {
    await app.tenancy.create('acme');
    await app.tenancy.run('acme', notes);
    const before = treeOf(tenants());
    await expect(app.tenancy.create(id)).rejects.toMatchObject({ code: 'E_TENANT_ID_INVALID' });
    await expect(app.tenancy.run(id, notes)).rejects.toMatchObject({ code: 'E_TENANT_ID_INVALID' });
    expect(treeOf(tenants())).toEqual(before);
  });
});

describe('a file', () => {
  beforeEach(async () => {
    await app.tenancy.create('acme');
    await app.tenancy.create('globex');
  });

  test("that is another tenant's is refused before a row of it is read", async () => {
    await app.tenancy.run('globex', () => write('secret'));
    await app.close();
    rmSync(fileOf('acme'));
    copyFileSync(fileOf('globex'), fileOf('acme'));
    app = await openTenantApplication(project);
    await expect(app.tenancy.run('acme', notes)).rejects.toMatchObject({
      code: 'E_TENANT_FILE_WRONG',
      message: expect.stringContaining('the database file of the tenant "globex"') as unknown,
    });
  });

  test('that was swapped under an open tenant is not read by a thread either', async () => {
    await app.tenancy.run('globex', () => write('secret'));
    await app.tenancy.run('acme', () => write('own'));
    const other = await openTenantApplication(project);
    const texts = (): Promise<unknown[]> =>
      other.tenancy.run('acme', (_tenant, scope) =>
        scope.make(Database).offload('select text from notes'),
      );
    expect(await texts()).toEqual([{ text: 'own' }]);
    await app.close();
    copyFileSync(fileOf('globex'), join(project.path, 'other'));
    renameSync(join(project.path, 'other'), fileOf('acme'));
    await expect(texts()).rejects.toMatchObject({ code: 'E_TENANT_FILE_WRONG' });
    await other.close();
  });

  test('that stands in for one of another role is refused', async () => {
    await app.close();
    rmSync(fileOf('acme'));
    copyFileSync(fileOf('acme', 'queue'), fileOf('acme'));
    app = await openTenantApplication(project);
    await expect(app.tenancy.run('acme', notes)).rejects.toMatchObject({
      code: 'E_TENANT_FILE_WRONG',
    });
  });

  test('with data that is gone is not made anew', async () => {
    await app.close();
    rmSync(fileOf('acme'));
    app = await openTenantApplication(project);
    await expect(app.tenancy.run('acme', notes)).rejects.toMatchObject({
      code: 'E_DATABASE_FILE_MISSING',
    });
    expect(existsSync(fileOf('acme'))).toBe(false);
  });

  test("of a cache that is gone is made anew, and is the tenant's", async () => {
    await app.close();
    rmSync(fileOf('acme', 'cache'));
    app = await openTenantApplication(project);
    const values = await app.tenancy.run('acme', async () => {
      await app.make(CacheRepository).put('key', 1); // lost with the file
      await app.make(CacheRepository).put('key', 2);
      return app.make(CacheRepository).get('key');
    });
    expect(values).toBe(2);
    await elsewhere((other) =>
      other.tenancy.run('acme', async () => {
        expect(await other.make(CacheRepository).get('key')).toBe(2);
      }),
    );
  });

  test('takes no write by whoever has it open once its tenant is deleted', async () => {
    const [isOpen, isDeleted] = [gate(), gate()];
    const writing = app.tenancy.run('acme', async () => {
      await write('before');
      isOpen.open();
      await isDeleted.opened;
      await write('into nothing');
    });
    await isOpen.opened;
    await elsewhere((other) => other.tenancy.delete('acme'));
    isDeleted.open();
    await expect(writing).rejects.toMatchObject({ code: 'E_DATABASE_FILE_MISSING' });
    await app.tenancy.restore('acme');
    expect(await app.tenancy.run('acme', notes)).toEqual(['before']);
  });

  test('is not taken away from under a transaction: it is waited for', async () => {
    const [isOpen, mayEnd] = [gate(), gate()];
    const working = app.tenancy.run('acme', () =>
      app.make(Database).transaction(async (trx) => {
        await trx
          .insertInto('notes' as never)
          .values({ text: 'kept' })
          .execute();
        isOpen.open();
        await mayEnd.opened;
      }),
    );
    await isOpen.opened;
    await elsewhere(async (other) => {
      const deleting = other.tenancy.delete('acme');
      mayEnd.open();
      await working;
      await deleting;
      await other.tenancy.restore('acme');
      expect(await other.tenancy.run('acme', async () => 1)).toBe(1);
    });
    expect(await app.tenancy.run('acme', notes)).toEqual(['kept']);
  });

  test('of a cache is not made anew for a deleted tenant: who uses it is told', async () => {
    const [isOpen, isDeleted] = [gate(), gate()];
    const working = app.tenancy.run('acme', async () => {
      // Who looks now and then whether the file is another looks now, and not again
      const now = clockModule.monotonicMs();
      jest.spyOn(clockModule, 'monotonicMs').mockReturnValue(now);
      for (const value of [0, 1]) await app.make(CacheRepository).put('key', value);
      isOpen.open();
      await isDeleted.opened;
      const cache = app.make(CacheRepository);
      const ends = await Promise.allSettled([cache.put('key', 2), cache.forget('key')]);
      return [...ends, ...(await Promise.allSettled([cache.increment('count'), cache.clear()]))];
    });
    await isOpen.opened;
    await elsewhere((other) => other.tenancy.delete('acme'));
    isDeleted.open();
    await working;
    jest.restoreAllMocks();
    for (const end of await working) {
      expect(end).toMatchObject({ reason: { code: 'E_DATABASE_FILE_MISSING' } });
    }
    expect(existsSync(tenants('acme'))).toBe(false);
    await app.tenancy.restore('acme');
    await app.tenancy.run('acme', async () => {
      expect(await app.make(CacheRepository).get('key')).toBe(1);
    });
  });
});

describe('the migrations of a tenant', () => {
  const second = 'database/migrations/tenant/2026_02_01_000000_add_author.js';
  const addAuthor = `exports.default = { up: (db) => db.schema.alterTable('notes').addColumn('author', 'text').execute() };`;

  test('that did not run keep its work out', async () => {
    await app.tenancy.create('acme');
    await app.close();
    project.write(second, addAuthor);
    app = await openTenantApplication(project);
    await expect(app.tenancy.run('acme', notes)).rejects.toMatchObject({
      code: 'E_TENANT_SCHEMA',
      status: 503,
    });
    await app.tenancy.create('globex');
    expect(await app.tenancy.run('globex', notes)).toEqual([]);
  });

  test('run at its first work where the configuration says so', async () => {
    await app.tenancy.create('acme');
    await app.close();
    project.write(second, addAuthor);
    project.write(
      'config/tenancy.js',
      exportDefault("{ mode: 'files', migrations: { onOpen: 'migrate' } }"),
    );
    jest.resetModules();
    app = await openTenantApplication(project);
    expect(await app.tenancy.run('acme', notes)).toEqual([]);
  });

  test('that the code does not know keep its work out', async () => {
    project.write(second, addAuthor);
    await app.close();
    app = await openTenantApplication(project);
    await app.tenancy.create('acme');
    await app.close();
    renameSync(join(project.path, second), join(project.path, 'set-aside.js'));
    app = await openTenantApplication(project);
    await expect(app.tenancy.run('acme', notes)).rejects.toMatchObject({
      code: 'E_TENANT_SCHEMA',
      message: expect.stringContaining('2026_02_01_000000_add_author') as unknown,
    });
  });
});

test('a quota of a file refuses what does not fit, and takes the rest', async () => {
  await app.tenancy.create({ id: 'acme', quotas: { databaseBytes: 512 * 1024 } });
  await app.tenancy.run('acme', async () => {
    await expect(write('x'.repeat(600_000))).rejects.toMatchObject({ code: 'E_DATABASE_FULL' });
    await write('small');
    expect(await notes()).toEqual(['small']);
  });
});

test('the tables of tenants are among the types of tables', async () => {
  expect(await app.tableTypes()).toContain('notes: ');
});

test('a purge that had to wait does not take a tenant that was restored meanwhile', async () => {
  const [isOpen, mayEnd] = [gate(), gate()];
  await app.tenancy.create('acme');
  const working = app.tenancy.run('acme', () =>
    app.make(Database).transaction(async () => {
      isOpen.open();
      await mayEnd.opened;
    }),
  );
  await isOpen.opened;
  const results = await elsewhere(async (other) => {
    const deleting = other.tenancy.delete('acme');
    const both = Promise.allSettled([
      deleting.then(() => other.tenancy.purge('acme')),
      deleting.then(() => app.tenancy.restore('acme')),
    ]);
    mayEnd.open();
    return both;
  });
  await working;
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const isKept = results[1].status === 'fulfilled';
  expect(existsSync(tenants('acme'))).toBe(isKept);
});
