import type { Application } from '../../src/application';
import { exportDefault, type TestProject } from '../helpers/project';
import { createTenantProject, openTenantApplication } from '../helpers/tenants';

let project: TestProject;
let app: Application;

beforeEach(async () => {
  project = createTenantProject({
    'config/cache.js': exportDefault(`{
      default: 'sqlite',
      stores: {
        sqlite: { driver: 'sqlite', connection: 'cache' }, memory: { driver: 'memory' },
        safe: { driver: 'failover', stores: ['memory'] },
      },
    }`),
  });
  app = await openTenantApplication(project);
  for (const id of ['acme', 'globex']) await app.tenancy.create(id);
});

afterEach(async () => {
  await app.close();
  project.remove();
});

test('what lies behind a failover is as apart as it is without one', async () => {
  await app.tenancy.run('acme', () => app.cache('safe').put('who', 'acme'));
  expect(await app.tenancy.run('globex', () => app.cache('safe').get('who'))).toBeUndefined();
  await app.tenancy.run('globex', () => app.cache('safe').clear());
  expect(await app.tenancy.run('acme', () => app.cache('safe').get('who'))).toBe('acme');
  expect(await app.tenancy.central(() => app.cache('safe').get('who'))).toBeUndefined();
});

test('a store that a tenant shares stays open when the tenant is let go of', async () => {
  await app.tenancy.run('acme', () => app.cache('memory').put('who', 'acme'));
  const closed = jest.spyOn(app.caches.driver('memory'), 'close');
  await app.tenancy.rename('acme', { name: 'Acme Inc.' });
  expect(closed).not.toHaveBeenCalled();
  expect(await app.tenancy.run('acme', () => app.cache('memory').get('who'))).toBe('acme');
});
