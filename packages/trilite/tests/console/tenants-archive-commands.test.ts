import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { artisan, type ArtisanResult } from '../helpers/artisan';
import { createProject, type TestProject } from '../helpers/project';
import { createTenantProject } from '../helpers/tenants';

let project: TestProject;
let archive: string;

beforeEach(async () => {
  project = createTenantProject();
  archive = join(project.path, 'acme.tar.gz');
  await run('migrate');
  await run('tenants:create acme --domains=acme.example');
});

afterEach(() => project.remove());

const run = (line: string): Promise<ArtisanResult> => artisan(project, line);

async function json<T>(line: string): Promise<T> {
  return JSON.parse((await run(`${line} --json`)).out) as T;
}

test('tenants:export says where the archive lies, tenants:import which tenant it made of it', async () => {
  const exported = await run(`tenants:export acme --output=${archive}`);
  expect(exported).toMatchObject({ code: 0 });
  expect(exported.out).toContain(`The tenant "acme" lies in ${archive}.`);
  expect(exported.out).toMatch(/Jobs \.+ in it/);
  const tried = await run(`tenants:import ${archive} --id=acme-two --slug=two --domains --dry-run`);
  expect(tried).toMatchObject({ code: 0 });
  expect(tried.out).toContain('The tenant would be "acme-two"; nothing was created.');
  const imported = await run(`tenants:import ${archive} --id=acme-two --slug=two --domains`);
  expect(imported.out).toContain('The tenant "acme-two" is there.');
  expect(await json('tenants:show acme-two')).toMatchObject({ slug: 'two', domains: [] });
});

test('both say the same as JSON', async () => {
  expect(await json(`tenants:export acme --output=${archive} --without-queue`)).toEqual({
    tenant: 'acme',
    file: archive,
    bytes: expect.any(Number) as unknown,
    files: 0,
    hasQueue: false,
  });
  expect(
    await json(`tenants:import ${archive} --id=acme-two --slug=two --domains=two.example`),
  ).toMatchObject({
    id: 'acme-two',
    tenant: { id: 'acme-two', domains: ['two.example'], state: 'active' },
    from: { id: 'acme' },
    hasQueue: false,
    files: 0,
    pending: [],
  });
});

test('both refuse what they cannot do, and say what to do instead', async () => {
  expect((await run('tenants:export acme')).err).toContain('"--output=<file>" is missing');
  expect((await run(`tenants:export nobody --output=${archive}`)).err).toContain(
    'E_TENANT_NOT_FOUND',
  );
  const nowhere = await run(`tenants:export acme --output=${archive}/below`);
  expect(nowhere.err).toContain('E_TENANT_ARCHIVE_FAILED');
  await run(`tenants:export acme --output=${archive}`);
  const again = await run(`tenants:export acme --output=${archive}`);
  expect(again).toMatchObject({ code: 1 });
  expect(again.err).toContain('--force');
  expect(await run(`tenants:export acme --output=${archive} --force`)).toMatchObject({ code: 0 });
  const taken = await run(`tenants:import ${archive}`);
  expect(taken).toMatchObject({ code: 1 });
  expect(taken.err).toContain('--id=<id>');
});

test('an application without tenants has none to hand over', async () => {
  const other = createProject();
  try {
    await artisan(other, 'migrate');
    const { code, err } = await artisan(other, `tenants:export acme --output=${archive}`);
    expect({ code, isOff: err.includes('E_TENANCY_OFF') }).toEqual({ code: 1, isOff: true });
    expect(existsSync(archive)).toBe(false);
  } finally {
    other.remove();
  }
});
