import { travelBack, travelTo } from 'trilite/testing';
import { artisan } from '../helpers/artisan';
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
