import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { artisan, type ArtisanResult } from '../helpers/artisan';
import { clock } from '../../src/support/clock';
import { copyProject, type TestProject } from '../helpers/project';
import { createTenantProject } from '../helpers/tenants';

let migrated: TestProject;
/** The same, with three tenants. */
let populated: TestProject;
let project: TestProject;

beforeAll(async () => {
  project = migrated = createTenantProject();
  await run('migrate');
  project = populated = copyProject(migrated);
  await create('acme', 'globex', 'initech');
});

beforeEach(() => {
  project = copyProject(migrated);
});

afterEach(() => project.remove());

afterAll(() => {
  migrated.remove();
  populated.remove();
});

/** Gives each test of a block three tenants. */
function useTenants(): void {
  beforeEach(() => {
    project.remove();
    project = copyProject(populated);
  });
}

const run = (line: string): Promise<ArtisanResult> => artisan(project, line);

async function json<T>(line: string): Promise<T> {
  return JSON.parse((await run(`${line} --json`)).out) as T;
}

async function create(...ids: readonly string[]): Promise<void> {
  for (const id of ids) expect(await run(`tenants:create ${id}`)).toMatchObject({ code: 0 });
}

const ids = async (options = ''): Promise<string[]> =>
  (await json<{ id: string }[]>(`tenants:list ${options}`)).map(({ id }) => id);

const folder = (...path: readonly string[]): string =>
  join(project.path, 'storage/tenants', ...path);

test('tenants:create makes a tenant with all that is said of it', async () => {
  const { code, out } = await run(
    'tenants:create acme --slug=acme-inc --name "Acme Inc." --domains=acme.example,www.acme.example --weight=3',
  );
  expect(code).toBe(0);
  expect(out).toContain('The tenant "acme" is there.');
  expect(existsSync(folder('acme', 'tenant_queue_acme.sqlite'))).toBe(true);
  expect(await json('tenants:show acme')).toMatchObject({
    slug: 'acme-inc',
    name: 'Acme Inc.',
    domains: ['acme.example', 'www.acme.example'],
    weight: 3,
    state: 'active',
  });
});

test('tenants:list tells none at all from none of those that were asked for', async () => {
  expect((await run('tenants:list')).out).toContain('Create one with "artisan tenants:create"');
  const { out } = await run('tenants:list --state=deleted');
  expect(out).toContain('There is no such tenant.');
  expect(out).not.toContain('tenants:create');
});

test('tenants:create refuses what is no id, and what is taken', async () => {
  await create('acme');
  expect((await run('tenants:create Acme')).err).toContain('E_TENANT_ID_INVALID');
  expect(await run('tenants:create acme')).toMatchObject({ code: 1 });
});

test('tenants:show shows the files of a tenant, also of a deleted one', async () => {
  await create('acme');
  expect((await run('tenants:show acme')).out).toMatch(/tenant_database_acme\.sqlite \.+ \d+ KB/);
  await run('tenants:delete acme --force');
  expect((await run('tenants:show acme')).out).toMatch(
    /\.trash\/acme\/tenant_cache_acme\.sqlite \.+ \d+ KB/,
  );
  expect((await run('tenants:show nobody')).err).toContain('There is no tenant');
});

describe('the choice of tenants', () => {
  useTenants();

  beforeEach(async () => {
    await run('tenants:rename globex --name=Globus');
    await run('tenants:domains initech --add=initech.example');
    await run('tenants:suspend initech');
  });

  test.each([
    ['', ['acme', 'globex', 'initech']],
    ['--tenants=globex,acme', ['acme', 'globex']],
    ['--except=globex', ['acme', 'initech']],
    ['--state=suspended', ['initech']],
    ['--state=active,suspended --except=acme', ['globex', 'initech']],
    ['--where=name=glob*', ['globex']],
    ['--where=id=*e*,state=active', ['acme', 'globex']],
    ['--where=domain=*.example', ['initech']],
    ['--where=domain=*example.', []],
    ['--where=slug=a.me', []],
  ])('"%s" means %j', async (options, expected) => {
    expect(await ids(options)).toEqual(expected);
  });

  test.each([
    '--tenants=acme,nobody',
    '--except=nobody',
    '--tenants=initech --state=active',
    '--tenants=Acme',
    '--tenants=,',
    '--state=asleep',
    '--where=size=big',
    '--where=name',
  ])('"%s" is refused: nobody is left out unsaid', async (options) => {
    const { code, out } = await run(`tenants:list ${options}`);
    expect(code).not.toBe(0);
    expect(out).toBe('');
  });
});

describe('commands that change the state', () => {
  useTenants();

  test('move one that is named there and back', async () => {
    for (const [command, state] of [
      ['suspend', 'suspended'],
      ['resume', 'active'],
      ['down', 'down'],
      ['up', 'active'],
    ]) {
      expect(await json(`tenants:${command} acme`)).toMatchObject({ id: 'acme', state });
    }
  });

  test('move those that are chosen, a line each, and count them', async () => {
    const { code, out } = await run('tenants:down --where=id=*e*');
    expect(code).toBe(0);
    expect(out).toMatch(/acme \.+ .*DONE[^]*globex \.+ .*DONE[^]*initech \.+ .*DONE/);
    expect(out).toContain('3 tenants: 3 done.');
    expect(await ids('--state=down')).toEqual(['acme', 'globex', 'initech']);
  });

  test('go on past one that fails, and end with its id ready to be typed again', async () => {
    await run('tenants:suspend globex');
    const { code, out } = await run('tenants:suspend acme globex initech');
    expect(code).toBe(1);
    expect(out).toMatch(/globex \.+ .*FAIL/);
    expect(out).toContain('--tenants=globex\n');
    expect(await ids('--state=suspended')).toEqual(['acme', 'globex', 'initech']);
    const again = await run('tenants:suspend --tenants=globex --json');
    expect(again.code).toBe(1);
    expect(JSON.parse(again.out)).toMatchObject({
      done: [],
      failed: [{ tenant: 'globex', code: 'E_TENANT_STATE' }],
    });
  });

  test('say who was left out for the state they are in', async () => {
    await run('tenants:suspend acme globex');
    const { out } = await run('tenants:down --where=id=*');
    expect(out).toContain('1 tenant: 1 done. Left out: 2 suspended.');
  });

  test('do nothing with --dry-run', async () => {
    expect((await run('tenants:suspend --where=id=a* --dry-run')).out).toMatch(/acme \.+ active/);
    expect(await ids('--state=active')).toEqual(['acme', 'globex', 'initech']);
  });

  test('take nobody for everybody', async () => {
    expect(await run('tenants:suspend')).toMatchObject({ code: 2 });
    expect(await run('tenants:suspend acme --tenants=globex')).toMatchObject({ code: 2 });
    expect(await ids('--state=active')).toEqual(['acme', 'globex', 'initech']);
  });
});

test('tenants:rename changes slug and name, and no file moves', async () => {
  await create('acme');
  expect(await json('tenants:rename acme --slug=new --name=New')).toMatchObject({
    id: 'acme',
    slug: 'new',
    name: 'New',
  });
  expect(existsSync(folder('acme', 'tenant_database_acme.sqlite'))).toBe(true);
  expect(await run('tenants:rename acme')).toMatchObject({ code: 2 });
});

test('tenants:domains adds and removes host names, in whatever case they are typed', async () => {
  await create('acme');
  await run('tenants:domains acme --add=A.example,b.example');
  expect(await json('tenants:domains acme --add=c.example --remove=a.EXAMPLE')).toEqual({
    id: 'acme',
    domains: ['b.example', 'c.example'],
  });
  expect(await run('tenants:domains acme --remove=z.example')).toMatchObject({ code: 2 });
  expect((await run('tenants:domains acme --add=no/host')).err).toContain(
    'E_TENANT_DOMAIN_INVALID',
  );
  expect((await run('tenants:domains acme')).out).toContain('c.example\n');
});

test('tenants:domains has the first host name as the primary one, until another is', async () => {
  await run('tenants:create acme --domains=z.example,a.example');
  expect((await run('tenants:domains acme')).out).toMatch(/z\.example primary\n *a\.example\n/);
  expect(await json('tenants:domains acme --primary=a.example')).toMatchObject({
    domains: ['a.example', 'z.example'],
  });
  expect(await json('tenants:domains acme --add=New.example --primary=new.example')).toMatchObject({
    domains: ['new.example', 'a.example', 'z.example'],
  });
  expect(await run('tenants:domains acme --primary=other.example')).toMatchObject({ code: 2 });
});

test('tenants:config shows, sets and drops settings', async () => {
  await create('acme');
  expect((await run('tenants:config acme')).out).toContain('no settings of its own');
  expect(await json('tenants:config acme locale=de seats=5 flags=["new"] motto=a=b')).toEqual({
    id: 'acme',
    config: { locale: 'de', seats: 5, flags: ['new'], motto: 'a=b' },
  });
  expect(await json('tenants:config acme seats=6 --unset=flags,motto')).toMatchObject({
    config: { locale: 'de', seats: 6 },
  });
  expect((await run('tenants:config acme')).out).toMatch(/locale \.+ "de"/);
  expect(await run('tenants:config acme locale')).toMatchObject({ code: 2 });
});

describe('the trash', () => {
  beforeEach(() => create('acme', 'globex'));

  test('takes no tenant while there is nobody to ask, unless by force', async () => {
    const refused = await run('tenants:delete acme');
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('--force');
    expect(await ids()).toEqual(['acme', 'globex']);
    expect(await run('tenants:delete acme --force')).toMatchObject({ code: 0 });
    expect(await ids()).toEqual(['globex']);
    expect(await ids('--state=deleted')).toEqual(['acme']);
  });

  test('gives a tenant back', async () => {
    await run('tenants:delete acme globex --force');
    expect((await run('tenants:restore acme')).out).toContain('active again');
    expect(await ids()).toEqual(['acme']);
  });

  test('is emptied of those that are named, by force alone, and never of a tenant that is not in it', async () => {
    await run('tenants:delete acme --force');
    expect(await run('tenants:purge acme')).toMatchObject({ code: 2 });
    expect(await run('tenants:purge acme --force')).toMatchObject({ code: 0 });
    expect(existsSync(folder('.trash/acme'))).toBe(false);
    const refused = await run('tenants:purge globex --force');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.err).toContain('"artisan tenants:delete globex"');
    expect(await ids()).toEqual(['globex']);
  });

  test('is emptied of those that lie there for long', async () => {
    await run('tenants:delete acme globex --force');
    expect(await run('tenants:purge')).toMatchObject({ code: 2 });
    expect(await run('tenants:purge --older-than=month')).toMatchObject({ code: 2 });
    expect((await run('tenants:purge --older-than=30d --force')).out).toContain('0 tenants');
    const later = jest.spyOn(clock, 'now').mockReturnValue(clock.now() + 31 * 86_400_000);
    const { out } = await run('tenants:purge --older-than=30d --force');
    later.mockRestore();
    expect(out).toContain('2 tenants: 2 done.');
    expect(await ids('--state=deleted')).toEqual([]);
  });
});

test('an application without tenants says how to have some', async () => {
  project.write('config/tenancy.js', "exports.default = { mode: 'off' };");
  jest.resetModules();
  expect((await run('tenants:list')).err).toContain('E_TENANCY_OFF');
});
