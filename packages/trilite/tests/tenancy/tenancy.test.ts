import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CacheRepository } from '../../src/cache/cache-repository';
import { createApplication, type Application } from '../../src/application';
import { Database } from '../../src/database/database';
import type { DatabaseTransaction } from '../../src/database/database-transaction';
import { gate } from '../helpers/gate';
import { copyProject, type TestProject } from '../helpers/project';
import { createProjectInMode, openTenantApplication, notesIn, writeNote } from '../helpers/tenants';

let project: TestProject;
let app: Application;

const folderOf = (id: string): string => join(project.path, 'storage/tenants', id);

const write = (text: string): Promise<void> => writeNote(app, text);
const notes = (): Promise<string[]> => notesIn(app);

/** Opens an application whose tenants are kept in a mode, before each test. */
function useApplication(mode: 'files' | 'single'): void {
  let migrated: TestProject;

  beforeAll(async () => {
    migrated = createProjectInMode(mode);
    await (await openTenantApplication(migrated)).close();
  });

  beforeEach(async () => {
    project = copyProject(migrated);
    app = await createApplication({ basePath: project.path });
  });

  afterEach(async () => {
    await app.close();
    project.remove();
  });

  afterAll(() => migrated.remove());
}

describe.each(['files', 'single'] as const)('in mode "%s"', (mode) => {
  useApplication(mode);

  describe('a tenant', () => {
    test('keeps its id for ever, and nobody gets it anew', async () => {
      await app.tenancy.create('acme');
      await app.tenancy.delete('acme');
      await app.tenancy.purge('acme');
      expect(await app.tenancy.find('acme')).toBeUndefined();
      await expect(app.tenancy.create('acme')).rejects.toMatchObject({ code: 'E_TENANT_TAKEN' });
    });

    test('may have another slug, name and domain, and no file moves', async () => {
      await app.tenancy.create({ id: 'acme', domains: ['acme.example'] });
      const renamed = await app.tenancy.rename('acme', {
        slug: 'acme-inc',
        name: 'Acme Inc.',
        domains: ['ACME-inc.example.'],
      });
      expect(renamed).toMatchObject({ id: 'acme', slug: 'acme-inc', name: 'Acme Inc.' });
      expect(await app.tenancy.findByDomain('acme-inc.example:3000')).toMatchObject({ id: 'acme' });
      expect(await app.tenancy.findByDomain('acme.example')).toBeUndefined();
      expect(await app.tenancy.findBySlug('acme-inc')).toMatchObject({ id: 'acme' });
    });

    test.each(['slug', 'domain'])('cannot take the %s of another', async (what) => {
      const other = { slug: 'one', domains: ['one.example'] };
      await app.tenancy.create({ id: 'acme', ...other });
      await app.tenancy.create('globex');
      const changes = what === 'slug' ? { slug: 'one' } : { domains: other.domains };
      await expect(app.tenancy.rename('globex', changes)).rejects.toMatchObject({
        code: 'E_TENANT_TAKEN',
      });
      await expect(app.tenancy.create({ id: 'initech', ...changes })).rejects.toMatchObject({
        code: 'E_TENANT_TAKEN',
      });
      expect(existsSync(folderOf('initech'))).toBe(false);
    });
  });

  describe('the state', () => {
    test.each(['suspend', 'down'] as const)('after "%s" takes no work', async (verb) => {
      await app.tenancy.create('acme');
      await app.tenancy[verb]('acme');
      await expect(app.tenancy.run('acme', notes)).rejects.toMatchObject({
        code: 'E_TENANT_UNAVAILABLE',
        status: 503,
      });
      await app.tenancy[verb === 'suspend' ? 'resume' : 'up']('acme');
      expect(await app.tenancy.run('acme', notes)).toEqual([]);
    });

    test('refuses what does not follow from it', async () => {
      await app.tenancy.create('acme');
      await expect(app.tenancy.resume('acme')).rejects.toMatchObject({ code: 'E_TENANT_STATE' });
      await expect(app.tenancy.restore('acme')).rejects.toMatchObject({ code: 'E_TENANT_STATE' });
      await expect(app.tenancy.purge('acme')).rejects.toMatchObject({ code: 'E_TENANT_STATE' });
    });

    test('of a deleted one comes back with all it had', async () => {
      await app.tenancy.create('acme');
      await app.tenancy.run('acme', () => write('kept'));
      await app.tenancy.delete('acme');
      expect(existsSync(folderOf('acme'))).toBe(false);
      await expect(app.tenancy.run('acme', notes)).rejects.toMatchObject({ status: 404 });
      await app.tenancy.restore('acme');
      expect(await app.tenancy.run('acme', notes)).toEqual(['kept']);
    });
  });

  describe('a transaction', () => {
    const inTransaction = (work: (trx: DatabaseTransaction) => Promise<unknown>) =>
      app.tenancy.central(() => app.make(Database).transaction(work));

    beforeEach(async () => {
      await app.tenancy.create('acme');
      await app.tenancy.create('globex');
      await app.tenancy.delete('globex');
    });

    test.each([
      ['create', 'initech'],
      ['refuseTaken', 'initech'],
      ['delete', 'acme'],
      ['restore', 'globex'],
      ['purge', 'globex'],
      ['settle', 'acme'],
    ] as const)('does not take "%s": no rollback would move the folder back', async (verb, id) => {
      const work = () =>
        verb === 'refuseTaken' ? app.tenancy.refuseTaken({ id }) : app.tenancy[verb](id);
      await expect(inTransaction(work)).rejects.toMatchObject({ code: 'E_TRANSACTION_MISUSE' });
      expect(existsSync(folderOf('initech'))).toBe(false);
      expect(existsSync(folderOf('acme'))).toBe(true);
      expect(await app.tenancy.find('globex')).toMatchObject({ state: 'deleted' });
      await app.tenancy.restore('globex');
    });

    test('has a tenant created once it is committed, and changes what is a row alone', async () => {
      await inTransaction(async (trx) => {
        await app.tenancy.suspend('acme');
        trx.afterCommit(async () => {
          await app.tenancy.create('initech');
        });
      });
      expect(await app.tenancy.find('acme')).toMatchObject({ state: 'suspended' });
      expect(existsSync(folderOf('initech'))).toBe(true);
    });
  });

  describe('the current work', () => {
    beforeEach(async () => {
      await app.tenancy.create('acme');
      await app.tenancy.create('globex');
    });

    test("is nobody's, the application's or a tenant's", async () => {
      expect(app.tenancy.state).toBe('none');
      expect(await app.tenancy.central(() => app.tenancy.state)).toBe('central');
      await app.tenancy.run('acme', (tenant) => {
        expect(app.tenancy.state).toBe('tenant');
        expect(app.tenancy.current()).toEqual(tenant);
      });
      expect(() => app.tenancy.currentOrFail()).toThrow(
        expect.objectContaining({ code: 'E_TENANT_CONTEXT_MISSING' }),
      );
    });

    test("that is nobody's touches neither", async () => {
      await expect(app.make(CacheRepository).get('key')).rejects.toMatchObject({
        code: 'E_TENANT_CONTEXT_MISSING',
      });
      const kept = await app.tenancy.run('acme', () => app.make(CacheRepository));
      await expect(kept.get('key')).rejects.toMatchObject({ code: 'E_TENANT_CONTEXT_MISSING' });
    });

    test('of two at once stays with each, whichever ends first', async () => {
      const [first, second] = [gate(), gate()];
      const one = app.tenancy.run('acme', async () => {
        await first.opened;
        await write('acme');
      });
      const two = app.tenancy.run('globex', async () => {
        first.open();
        await second.opened;
        await write('globex');
      });
      await one;
      second.open();
      await two;
      expect(await app.tenancy.run('acme', notes)).toEqual(['acme']);
      expect(await app.tenancy.run('globex', notes)).toEqual(['globex']);
    });

    test("becomes another tenant's only when that is meant", async () => {
      await app.tenancy.run('acme', async () => {
        await expect(app.tenancy.run('globex', notes)).rejects.toMatchObject({
          code: 'E_TENANT_SWITCH',
        });
        await app.tenancy.run('acme', notes);
        await app.tenancy.run('globex', () => write('meant'), { allowSwitch: true });
        expect(app.tenancy.currentOrFail().id).toBe('acme');
      });
      expect(await app.tenancy.run('globex', notes)).toEqual(['meant']);
    });

    test('is kept for a callback that was bound', async () => {
      const ask = await app.tenancy.run('acme', () =>
        app.tenancy.bind(() => app.tenancy.current()?.id),
      );
      expect(ask()).toBe('acme');
      expect(() => app.tenancy.bind(() => 1)).toThrow(
        expect.objectContaining({ code: 'E_TENANT_CONTEXT_MISSING' }),
      );
    });

    test('ends with what it returns: a generator or a stream would go on outside', async () => {
      await expect(
        app.tenancy.run('acme', async function* () {
          yield await notes();
        }),
      ).rejects.toMatchObject({ code: 'E_TENANT_ESCAPE' });
    });
  });

  describe('a run over many', () => {
    beforeEach(async () => {
      for (const id of ['acme', 'globex', 'initech']) await app.tenancy.create(id);
    });

    test('is for each of them, and says what failed', async () => {
      const run = await app.tenancy.each(
        {},
        async ({ id }) => {
          if (id === 'globex') throw new Error('No');
          await write(id);
        },
        { onError: 'collect', concurrency: 2 },
      );
      expect(run).toMatchObject({ done: ['acme', 'initech'], failed: [{ id: 'globex' }] });
      expect(await app.tenancy.run('initech', notes)).toEqual(['initech']);
    });

    test('ends at the first error, and names those it did not come to', async () => {
      const run = await app.tenancy.each({}, () => {
        throw new Error('No');
      });
      expect(run).toMatchObject({
        done: [],
        failed: [{ id: 'acme' }],
        skipped: ['globex', 'initech'],
      });
    });

    test('refuses one that is not there, rather than leave it out', async () => {
      await expect(app.tenancy.each({ tenants: ['acme', 'nobody'] }, notes)).rejects.toMatchObject({
        code: 'E_TENANT_NOT_FOUND',
      });
    });

    test('leaves out those that are excepted, or fit a condition no more', async () => {
      await app.tenancy.suspend('initech');
      const chosen = await app.tenancy.select({ except: ['acme'] });
      expect(chosen.map(({ id }) => id)).toEqual(['globex']);
    });
  });
});

describe('with files of its own, a tenant', () => {
  useApplication('files');

  test('has three migrated files of its own, named after it, as soon as it is created', async () => {
    const tenant = await app.tenancy.create('acme');
    expect(tenant).toMatchObject({ id: 'acme', slug: 'acme', name: 'acme', state: 'active' });
    for (const role of ['database', 'cache', 'queue']) {
      expect(existsSync(join(folderOf('acme'), `tenant_${role}_acme.sqlite`))).toBe(true);
    }
    await app.tenancy.run('acme', () => write('hello'));
    expect(await app.tenancy.run('acme', notes)).toEqual(['hello']);
  });

  test('has what it may have, which is followed by a process that works for it already', async () => {
    await app.tenancy.create('acme');
    await app.tenancy.run('acme', () => write('small'));
    const other = await openTenantApplication(project);
    await other.tenancy.rename('acme', { quotas: { databaseBytes: 512 * 1024 } });
    await other.close();
    await app.tenancy.run('acme', async () => {
      await expect(write('x'.repeat(600_000))).rejects.toMatchObject({ code: 'E_DATABASE_FULL' });
    });
  });
});
