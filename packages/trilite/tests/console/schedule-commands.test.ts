import { travelBack, travelTo } from 'trilite/testing';
import { artisan } from '../helpers/artisan';
import { createTenantProject } from '../helpers/tenants';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

const NOON = Date.parse('2026-01-15T12:00:00Z');
const SCHEDULE = exportDefault(`(schedule) => {
  schedule.command('db:optimize').dailyAt('13:00').timezone('Europe/Vienna');
  schedule.call('ping', () => 'pong').everyFiveMinutes();
  schedule.call('broken', () => { throw new Error('it broke'); }).everyFiveMinutes().name('break');
}`);

let project: TestProject;

beforeEach(async () => {
  project = createProject({ 'routes/console.js': SCHEDULE });
  await artisan(project, 'migrate');
  travelTo(NOON);
});

afterEach(() => {
  travelBack();
  project.remove();
});

async function listed(options = ''): Promise<Record<string, unknown>[]> {
  const { out } = await artisan(project, `schedule:list --json ${options}`);
  return JSON.parse(out) as Record<string, unknown>[];
}

describe('schedule:list', () => {
  test('shows when each task is due next, in its time zone', async () => {
    const { code, out } = await artisan(project, 'schedule:list');
    expect(code).toBe(0);
    expect(out).toMatch(
      /0 13 \* \* \*\s+db:optimize \.+ in 24h 2026-01-16 13:00:00 Europe\/Vienna/,
    );
    expect(out).toMatch(/\*\/5 \* \* \* \* ping \.+ in 5m 2026-01-15 12:05:00 UTC/);
    expect(out).toMatch(/⇂ broken/);
  });

  test('sorts by the next time, and shows it in another zone', async () => {
    const { out } = await artisan(project, 'schedule:list --next --timezone=Asia/Tokyo');
    expect(out.indexOf('ping')).toBeLessThan(out.indexOf('db:optimize'));
    expect(out).toContain('2026-01-15 21:05:00 Asia/Tokyo');
  });

  test('refuses a zone that is none', async () => {
    const { code, err } = await artisan(project, 'schedule:list --timezone=Mars');
    expect(code).toBe(2);
    expect(err).toContain('"Mars" is no time zone');
  });

  test('tells what became of the last run', async () => {
    await artisan(project, 'schedule:run');
    const { out } = await artisan(project, 'schedule:list');
    expect(out).toContain('⇂ last 2026-01-15 12:00:00 UTC done');
    expect(out).toContain('⇂ last 2026-01-15 12:00:00 UTC failed: it broke');
    expect(await listed()).toMatchObject([
      { name: 'db:optimize', kind: 'command', nextDueAt: '2026-01-16T12:00:00.000Z' },
      { name: 'ping', kind: 'call', isPaused: false, last: { state: 'done' } },
      { name: 'break', last: { state: 'failed', message: 'it broke' } },
    ]);
  });

  test('says that there are no tasks', async () => {
    const empty = createProject();
    await artisan(empty, 'migrate');
    expect((await artisan(empty, 'schedule:list')).out).toContain('The schedule has no tasks.');
    empty.remove();
  });
});

describe('schedule:run', () => {
  test('runs what is due, with a line for its beginning and its end', async () => {
    const { code, out } = await artisan(project, 'schedule:run');
    expect(code).toBe(0);
    expect(out).toMatch(/2026-01-15 12:00:00 db:optimize \.+ RUNNING/);
    expect(out).toMatch(/2026-01-15 12:00:00 ping \.+ RUNNING/);
    expect(out).toMatch(/ping \.+ [\d.]+ms DONE/);
    expect(out).toMatch(/break \.+ [\d.]+ms FAIL\n {4}it broke/);
  });

  test('says so when nothing is due', async () => {
    travelTo(NOON + 60_000);
    expect((await artisan(project, 'schedule:run')).out).toContain('Nothing is due.');
  });

  test('prints JSON', async () => {
    const { out } = await artisan(project, 'schedule:run --json');
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toContainEqual(
      expect.objectContaining({ kind: 'done', task: 'ping', dueAt: '2026-01-15T12:00:00.000Z' }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ kind: 'failed', task: 'break', message: 'it broke' }),
    );
  });

  test('without its tables says what to do', async () => {
    const bare = createProject({ 'routes/console.js': SCHEDULE });
    const { code, err } = await artisan(bare, 'schedule:run');
    expect(code).toBe(1);
    expect(err).toContain('migrate');
    bare.remove();
  });
});

describe('schedule:test', () => {
  test('runs a task now, and records nothing', async () => {
    const { code, out } = await artisan(project, 'schedule:test ping');
    expect(code).toBe(0);
    expect(out).toMatch(/^pong\n {2}ping \.+ [\d.]+ms DONE/);
    expect((await listed())[1]).toMatchObject({ last: null });
  });

  test('ends with 1 when the task fails', async () => {
    const { code, out } = await artisan(project, 'schedule:test break');
    expect(code).toBe(1);
    expect(out).toContain('it broke');
  });

  test('needs a name when nobody can be asked', async () => {
    const { code, err } = await artisan(project, 'schedule:test');
    expect(code).toBe(2);
    expect(err).toContain('there are: db:optimize, ping, break');
  });

  test('names the tasks there are when one is mistyped', async () => {
    const { code, err } = await artisan(project, 'schedule:test pong');
    expect(code).toBe(1);
    expect(err).toContain('E_SCHEDULE_TASK_UNKNOWN');
  });
});

describe('tasks that are run for each tenant', () => {
  let site: TestProject;

  beforeEach(async () => {
    site = createTenantProject({
      'routes/console.js': exportDefault(`(schedule) => {
        schedule
          .call('hello', ({ tenant }) => {
            if (tenant.id === 'initech') throw new Error('not at home');
            return 'hello ' + tenant.id;
          })
          .everyFiveMinutes()
          .perTenant({ jitter: '0s', concurrency: 1 });
        schedule.call('ping', () => 'pong').everyFiveMinutes();
      }`),
    });
    await artisan(site, 'migrate');
    for (const id of ['acme', 'globex', 'initech']) await artisan(site, `tenants:create ${id}`);
    await artisan(site, 'tenants:suspend globex');
  });

  afterEach(() => site.remove());

  test('are listed as such, with what became of the last time', async () => {
    await artisan(site, 'schedule:run');
    const { out } = await artisan(site, 'schedule:list');
    expect(out).toMatch(/hello per tenant \.+ in 5m/);
    expect(out).toContain('done: 3 tenants: 1 done, 1 failed, 1 skipped');
    const { out: json } = await artisan(site, 'schedule:list --json');
    expect(JSON.parse(json)).toMatchObject([
      { name: 'hello', perTenant: { jitterMs: 0, concurrency: 1 } },
      { name: 'ping', perTenant: null },
    ]);
  });

  test('have a line for each tenant, and one for all', async () => {
    const { out } = await artisan(site, 'schedule:run');
    expect(out).toMatch(/hello \[acme\] \.+ [\d.]+ms DONE/);
    expect(out).toMatch(/hello \[globex\] \.+ the tenant is suspended SKIPPED/);
    expect(out).toMatch(/hello \[initech\] \.+ [\d.]+ms FAIL\n {4}not at home/);
    expect(out).toMatch(/hello \.+ 1 done, 1 failed, 1 skipped ALL TENANTS/);
  });

  test('name the tenant in JSON', async () => {
    const { out } = await artisan(site, 'schedule:run --json');
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(
      expect.objectContaining({ kind: 'done', task: 'hello', tenant: 'acme' }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ kind: 'fanned-out', tally: { done: 1, failed: 1, skipped: 1 } }),
    );
  });

  test('are run by hand for each tenant that is active, and end with 1 when one fails', async () => {
    const { code, out } = await artisan(site, 'schedule:test hello');
    expect(code).toBe(1);
    expect(out).toMatch(/hello acme\n {2}hello \[acme\] \.+ [\d.]+ms DONE/);
    expect(out).toMatch(/hello \[initech\] \.+ [\d.]+ms FAIL/);
    expect(out).not.toContain('globex');
  });

  test('are run by hand for those that are named', async () => {
    const { code, out } = await artisan(site, 'schedule:test hello --tenants=acme');
    expect(code).toBe(0);
    expect(out).not.toContain('initech');
    const refused = await artisan(site, 'schedule:test hello --tenants=globex');
    expect(refused.err).toContain('E_TENANT_STATE');
    expect((await artisan(site, 'schedule:test ping --tenants=acme')).code).toBe(2);
  });
});

describe('schedule:pause and schedule:resume', () => {
  test('hold a task', async () => {
    expect((await artisan(project, 'schedule:pause ping')).out).toContain('"ping" is paused');
    expect((await artisan(project, 'schedule:pause ping')).out).toContain('paused already');
    expect((await artisan(project, 'schedule:list')).out).toMatch(/ping \.+ PAUSED in 5m/);
    expect((await artisan(project, 'schedule:run')).out).toMatch(/ping \.+ it is paused SKIPPED/);
    expect((await artisan(project, 'schedule:resume ping')).out).toContain('"ping" runs again');
    expect((await artisan(project, 'schedule:resume ping')).out).toContain('was not paused');
  });

  test('hold all of them', async () => {
    await artisan(project, 'schedule:pause');
    expect((await listed()).map(({ isPaused }) => isPaused)).toEqual([true, true, true]);
    expect((await artisan(project, 'schedule:resume ping')).out).toContain('is still paused');
    await artisan(project, 'schedule:resume');
    expect((await listed()).map(({ isPaused }) => isPaused)).toEqual([false, false, false]);
  });
});
