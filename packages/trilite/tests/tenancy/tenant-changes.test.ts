import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Application } from '../../src/application';
import { SMALLEST_TENANT_FILE } from '../../src/config/bytes';
import { artisan } from '../helpers/artisan';
import { exportDefault, type TestProject } from '../helpers/project';
import { createTenantProject, openTenantApplication, writeNote } from '../helpers/tenants';

let project: TestProject;
let app: Application;

beforeEach(async () => {
  project = createTenantProject({
    'config/app.js': exportDefault("{ url: 'https://www.site.example' }"),
    'config/tenancy.js': exportDefault(
      "{ mode: 'files', identification: { chain: ['domain', 'subdomain'], baseDomain: 'site.example', centralDomains: ['admin.example'] } }",
    ),
  });
  app = await openTenantApplication(project);
  await app.tenancy.create('acme');
});

afterEach(async () => {
  await app.close();
  project.remove();
});

/** What is refused, for who creates and for who changes a tenant. */
async function refusalsOf(given: object): Promise<unknown[]> {
  const errors: unknown[] = [];
  await app.tenancy.create({ id: 'other', ...given }).catch((error: unknown) => errors.push(error));
  await app.tenancy.rename('acme', given).catch((error: unknown) => errors.push(error));
  return errors;
}

test.each([
  ['x..example', 'no host name'],
  ['shop.example:8080', 'no host name'],
  ['http://shop.example', 'no host name'],
  ['-shop.example', 'no host name'],
  ['shop-.example', 'no host name'],
  ['shop example', 'no host name'],
  [`${'a'.repeat(64)}.example`, 'no host name'],
  [`${'a.'.repeat(127)}example`, 'no host name'],
  ['127.0.0.1', 'no host name'],
  ['127.1', 'no host name'],
  ['0x7f.0.0.1', 'no host name'],
  ['[::1]', 'no host name'],
  ['xn--\u00fc.example', 'no host name'],
  ['', 'no host name'],
  [null, 'no host name'],
  ['admin.example', 'own'],
  ['ADMIN.example.', 'own'],
  ['site.example', 'own'],
  ['www.site.example', 'own'],
  ['acme.site.example', 'slugs'],
  ['a.b.site.example', 'slugs'],
])('the domain %j is refused, wherever it is given', async (domain, reason) => {
  expect(await refusalsOf({ domains: [domain] })).toEqual([
    expect.objectContaining({
      code: 'E_TENANT_DOMAIN_INVALID',
      message: expect.stringContaining(reason) as string,
    }),
    expect.objectContaining({ code: 'E_TENANT_DOMAIN_INVALID' }),
  ]);
  expect(await app.tenancy.find('other')).toBeUndefined();
});

test('a domain with other letters is refused with what browsers send for it, which is taken', async () => {
  const [error] = await refusalsOf({ domains: ['Müller.example'] });
  expect(error).toMatchObject({ help: 'Write it as "xn--mller-kva.example".' });
  const { domains } = await app.tenancy.rename('acme', { domains: ['xn--mller-kva.example'] });
  expect(domains).toEqual(['xn--mller-kva.example']);
});

test.each([
  [{ quotas: { databaseBytes: -5 } }, 'at least 65536, got `-5`'],
  [{ quotas: { databaseBytes: 65_535 } }, 'quotas.databaseBytes'],
  [{ quotas: { queueBytes: 65_536 } }, 'at least 262144'],
  [{ quotas: { cacheBytes: 1e6 + 0.5 } }, 'quotas.cacheBytes'],
  [{ quotas: { jobsPending: 0 } }, 'quotas.jobsPending'],
  [{ quotas: { databaseBytes: '1gb' } }, 'quotas.databaseBytes'],
  [{ quotas: { bytes: 1e6 } }, 'got `bytes`'],
  [{ quotas: null }, 'Expected `quotas` to be an object, got `null`'],
  [{ config: null }, 'Expected `config` to be an object, got `null`'],
  [{ config: ['de'] }, 'Expected `config` to be an object'],
  [{ weight: 0 }, 'Expected `weight`'],
  [{ weight: NaN }, 'got `NaN`'],
  [{ weight: '2' }, "got `'2'`"],
  [{ name: ' ' }, 'Expected `name`'],
  [{ domains: 'shop.example' }, 'Expected `domains` to be a list'],
  [{ slug: 'Acme Inc' }, '"Acme Inc" is not the slug of a tenant'],
  [{ slug: null }, 'null is not the slug of a tenant'],
])('%j is refused, wherever it is given', async (given, message) => {
  const errors = await refusalsOf(given);
  expect(errors).toHaveLength(2);
  for (const error of errors) {
    expect(error).toMatchObject({ message: expect.stringContaining(message) as string });
  }
  expect(await app.tenancy.find('other')).toBeUndefined();
});

test.each([null, undefined, 7, {}])('nobody is created of %j', async (wanted) => {
  await expect(app.tenancy.create(wanted as never)).rejects.toMatchObject({
    code: 'E_TENANT_ID_INVALID',
  });
});

test('the smallest quotas hold an empty tenant', async () => {
  const { database, cache, queue } = SMALLEST_TENANT_FILE;
  await app.tenancy.create({
    id: 'tiny',
    quotas: { databaseBytes: database, cacheBytes: cache, queueBytes: queue },
  });
  await app.tenancy.run('tiny', () => writeNote(app, 'fits'));
  const folder = join(project.path, 'storage/tenants/tiny');
  for (const [role, bytes] of Object.entries(SMALLEST_TENANT_FILE)) {
    const file = readdirSync(folder).find((name) => name === `tenant_${role}_tiny.sqlite`) ?? '';
    expect(statSync(join(folder, file)).size).toBeLessThan(bytes);
  }
});

test('a deleted tenant cannot be changed, by code or by command', async () => {
  await app.tenancy.delete('acme');
  await expect(app.tenancy.rename('acme', { name: 'New' })).rejects.toMatchObject({
    code: 'E_TENANT_STATE',
  });
  for (const line of ['rename acme --name=New', 'quota acme --weight=2', 'config acme a=1']) {
    const { code, err } = await artisan(project, `tenants:${line}`);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining('Cannot change the tenant "acme": it is deleted') as string,
    });
  }
});

test('what a deleted tenant has is told to be its own until it is purged', async () => {
  await app.tenancy.rename('acme', { domains: ['shop.example'] });
  await app.tenancy.delete('acme');
  await expect(
    app.tenancy.create({ id: 'other', domains: ['shop.example'] }),
  ).rejects.toMatchObject({
    code: 'E_TENANT_TAKEN',
    help: expect.stringContaining('purge') as string,
  });
});

test('domains stay in the order they are given in, each once', async () => {
  const domains = ['z.example', 'a.example', 'Z.example', 'm.example'];
  expect(await app.tenancy.rename('acme', { domains })).toMatchObject({
    domains: ['z.example', 'a.example', 'm.example'],
  });
  expect(await app.tenancy.find('acme')).toMatchObject({
    domains: ['z.example', 'a.example', 'm.example'],
  });
});
