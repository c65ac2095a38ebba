import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CacheRepository } from '../../src/cache/cache-repository';
import { Database } from '../../src/database/database';
import type { RouteFile } from '../../src/http/router';
import { QueueDispatcher } from '../../src/queue/queue-dispatcher';
import { holdLock } from '../helpers/lock-holder';
import { openTenantSite, type TenantSite } from '../helpers/tenant-site';
import { writeNote } from '../helpers/tenants';

/** Writes down nothing: it is only to be dispatched. */
class Remember {
  static readonly jobName = 'Remember';
  handle(): void {}
}

let site: TenantSite;
let answered: string[];

const tenantRoutes: RouteFile = (route) => {
  route.get('/notes', () =>
    site.app
      .make(Database)
      .selectFrom('notes' as never)
      .selectAll()
      .execute(),
  );
  route.post('/notes', async () => {
    await writeNote(site.app, 'a note');
    return { is: 'written' };
  });
  route.post('/visits', () => site.app.make(CacheRepository).increment('visits'));
  route.post('/jobs', async () => {
    await site.app.make(QueueDispatcher).dispatch(Remember, undefined);
    return { is: 'dispatched' };
  });
};

beforeEach(async () => {
  answered = [];
  site = await openTenantSite({ tenantRoutes, jobs: [Remember] });
});

afterEach(() => site.close());

async function ask(tenant: string, method: string, path: string): Promise<number> {
  const { status } = await site.ask({ method, path, host: `${tenant}.example` });
  answered.push(`${tenant} ${method} ${path}`);
  return status;
}

const fileOf = (tenant: string, role: string): string =>
  join(site.project.path, `storage/tenants/${tenant}/tenant_${role}_${tenant}.sqlite`);

const OTHERS = [
  ['GET', '/notes'],
  ['POST', '/notes'],
  ['POST', '/visits'],
  ['POST', '/jobs'],
] as const;

test.each([
  ['database', '/notes'],
  ['cache', '/visits'],
  ['queue', '/jobs'],
])(
  'while the %s of a tenant is locked, its write waits, and all else is answered',
  async (role, path) => {
    expect(await ask('acme', 'POST', path)).toBeLessThan(300); // its file is there
    expect(existsSync(fileOf('acme', role))).toBe(true);
    const holder = await holdLock(fileOf('acme', role), 'write');
    answered = [];
    const waiting = ask('acme', 'POST', path);
    for (const [method, other] of OTHERS) {
      expect(await ask('globex', method, other)).toBeLessThan(300);
      if (other !== path || method === 'GET') {
        expect(await ask('acme', method, other)).toBeLessThan(300);
      }
    }
    expect(answered).not.toContain(`acme POST ${path}`);
    await holder.release();
    expect(await waiting).toBeLessThan(300);
    expect(answered.at(-1)).toBe(`acme POST ${path}`);
  },
);
