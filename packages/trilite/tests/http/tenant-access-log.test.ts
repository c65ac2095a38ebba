import { Database, sql } from 'trilite';
import { keepLines } from '../helpers/log-lines';
import { exportDefault } from '../helpers/project';
import { openTenantSite, type TenantSite } from '../helpers/tenant-site';

let site: TenantSite;

afterEach(() => site.close());

async function ask(times: number): Promise<void> {
  const { app } = site;
  for (let asked = 0; asked < times; asked += 1) await sql`select 1`.execute(app.make(Database));
}

test('the access log names the tenant, and counts what it asks for, and nothing of another', async () => {
  site = await openTenantSite({
    files: { 'config/logging.js': exportDefault("{ level: 'info' }") },
    tenantRoutes: (route) => {
      route.get('/', async () => {
        await ask(2);
        await site.app.tenancy.run('globex', () => ask(7), { allowSwitch: true });
        return 'done';
      });
    },
  });
  const lines = keepLines(site.app);
  await site.ask({ host: 'globex.example' });
  await site.ask({ host: 'acme.example' });
  await site.ask({ host: 'nobody.example' });
  expect(lines.map(({ tenantId, status, queries }) => [tenantId, status, queries])).toEqual([
    ['globex', 200, 2],
    ['acme', 200, 2],
    [undefined, 404, undefined],
  ]);
});
