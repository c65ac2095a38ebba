import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ConsoleApplication } from '../../../src/console/console-application';
import { runCheck, type CheckResult } from '../../../src/console/doctor/check';
import { judgeBound } from '../../../src/console/doctor/cache-checks';
import { judgeKey } from '../../../src/console/doctor/environment-checks';
import { judgeDescriptors } from '../../../src/console/doctor/runtime-checks';
import { descriptorLimit } from '../../../src/support/descriptor-limit';
import {
  judgeFreeBytes,
  judgeKind,
  storageChecks,
} from '../../../src/console/doctor/storage-checks';
import { clock } from '../../../src/support/clock';
import { artisan } from '../../helpers/artisan';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';

let project: TestProject;

afterEach(() => {
  clock.travelBack();
  project.remove();
});

interface Report {
  readonly status: string;
  readonly checks: readonly CheckResult[];
}

async function migrated(files: Record<string, string> = {}): Promise<void> {
  project = createProject({ 'config/app.js': exportDefault("{ env: 'testing' }"), ...files });
  await artisan(project, ['migrate']);
}

async function doctor(): Promise<Report & { code: number; check(name: string): CheckResult }> {
  const { code, out } = await artisan(project, ['doctor', '--json']);
  const report = JSON.parse(out) as Report;
  const check = (name: string): CheckResult => {
    const found = report.checks.find((one) => one.name.startsWith(name));
    if (found === undefined) throw new Error(`There is no check "${name}".`);
    return found;
  };
  return { ...report, code, check };
}

describe('doctor', () => {
  test('finds an application that is well to be so', async () => {
    await migrated();
    const { code, checks } = await doctor();
    expect(code).toBe(0);
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(checks.map(({ name }) => name.replace(/ \/.*/, ''))).toEqual([
      'SQLite driver',
      'Open files',
      '.env',
      'Configuration',
      'APP_KEY',
      'Maintenance',
      'File system of',
      'Writing to',
      'Free disk of',
      'File of default',
      'File of cache',
      'File of queue',
      'Migrations',
      'Clock',
      'Bound of sqlite',
      'Damage to cache',
      'Lease of sqlite',
      'Waiting jobs of sqlite',
      'Failed jobs of sqlite',
      'Outboxes',
    ]);
  });

  test('prints each check, and what to do about it', async () => {
    await migrated();
    rmSync(join(project.path, 'storage/queue.sqlite'));
    const { code, out } = await artisan(project, ['doctor']);
    expect(code).toBe(1);
    expect(out).toMatch(/SQLite driver \.+ OK\n/);
    expect(out).toMatch(/File of queue \.+ FAIL\n.*is not there.*\n.*→ .*artisan migrate/);
  });

  test('reports a configuration that cannot be loaded, and what needs none', async () => {
    project = createProject({ 'config/cache.js': 'exports.default = {};' });
    const { status, code, check, checks } = await doctor();
    expect({ status, code }).toEqual({ status: 'fail', code: 1 });
    expect(check('Configuration')).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('config/cache.ts') as string,
      mend: expect.stringContaining('Correct') as string,
    });
    expect(check('SQLite driver').status).toBe('ok');
    expect(checks.at(-1)?.name).toBe('Configuration');
  });

  test('fails for a file that is missing, and still looks at the others', async () => {
    await migrated();
    rmSync(join(project.path, 'storage/queue.sqlite'));
    const { check } = await doctor();
    expect(check('File of queue').status).toBe('fail');
    expect(check('File of cache').status).toBe('ok');
    expect(check('Clock').status).toBe('ok');
    expect(check('Migrations')).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('queue: trilite/queue/') as string,
      mend: 'Run "artisan migrate".',
    });
  });

  test('fails for a file that is none of SQLite', async () => {
    await migrated();
    project.write(
      'storage/cache.sqlite',
      'this is a text, and long enough to have a header'.repeat(99),
    );
    expect((await doctor()).check('File of cache').message).toContain('no SQLite database');
  });

  test('warns of a file in another journal mode than configured', async () => {
    await migrated();
    const sql = 'pragma journal_mode = delete';
    await artisan(project, ['db:query', '--write', '--connection=cache', sql]);
    expect((await doctor()).check('File of cache')).toMatchObject({
      status: 'warn',
      message: expect.stringContaining('"delete", not "wal"') as string,
    });
  });

  test('fails when the clock stands before the newest file or migration', async () => {
    await migrated();
    clock.travelTo(new Date('2001-02-03T04:05:06Z'));
    const { check, code } = await doctor();
    expect(code).toBe(1);
    expect(check('Clock').message).toContain('2001-02-03T04:05:06.000Z');
  });

  test('fails when a migration ran in a time to come', async () => {
    await migrated();
    const sql = 'update migrations set ran_at = 99999999999999';
    await artisan(project, ['db:query', '--write', '--connection=cache', sql]);
    expect((await doctor()).check('Clock').message).toContain('cache.sqlite');
  });

  test('names a damaged cache file that was set aside, and does not end by it', async () => {
    await migrated();
    expect((await doctor()).check('Damage to cache').status).toBe('ok');
    for (const side of ['', '-wal', '-shm']) {
      project.write(`storage/cache.sqlite.damaged-20260101000000${side}`, 'x'.repeat(2048));
    }
    const { code, check } = await doctor();
    expect(code).toBe(0);
    expect(check('Damage to cache')).toMatchObject({
      status: 'warn',
      message: `A cache file was damaged, and a new one is in its place; the damaged one is ${project.path}/storage/cache.sqlite.damaged-20260101000000 (2 KB).`,
      mend: expect.stringContaining('db:check') as string,
    });
  });

  test('warns of a .env that every user can read', async () => {
    await migrated({ '.env': 'APP_NAME=Test' });
    chmodSync(join(project.path, '.env'), 0o644);
    expect((await doctor()).check('.env')).toMatchObject({
      status: 'warn',
      mend: expect.stringContaining('chmod 600') as string,
    });
    chmodSync(join(project.path, '.env'), 0o600);
    expect((await doctor()).check('.env').status).toBe('ok');
  });
});

describe('a check', () => {
  beforeEach(() => migrated());

  test('that throws has failed with its error, and where it was thrown', async () => {
    const run = () => {
      throw new TypeError('Expected something else.');
    };
    expect(await runCheck({ name: 'Broken', run })).toEqual({
      name: 'Broken',
      status: 'fail',
      message: 'Expected something else.',
      mend: expect.stringMatching(/^It was thrown at .*doctor\.test\.ts/) as string,
    });
  });

  test.each([
    [undefined, 'ok'],
    ['NFS', 'fail'],
    ['SMB', 'fail'],
    ['9p', 'fail'],
    ['FUSE', 'warn'],
    ['tmpfs', 'warn'],
    ['overlay', 'warn'],
  ])('of the file system %s is %s', (kind, status) => {
    expect(judgeKind(kind).status).toBe(status);
  });

  test('of the disk fails below 100 MB, and warns below 1 GB and twice the largest file', () => {
    const mb = 1024 ** 2;
    expect(judgeFreeBytes(99 * mb, 0).status).toBe('fail');
    expect(judgeFreeBytes(101 * mb, 0).status).toBe('warn');
    expect(judgeFreeBytes(1025 * mb, 0).status).toBe('ok');
    expect(judgeFreeBytes(1025 * mb, 600 * mb).status).toBe('warn');
  });

  test('of open files fails where a handful of requests would use them up', () => {
    expect(judgeDescriptors(64).status).toBe('fail');
    expect(judgeDescriptors(512).status).toBe('warn');
    expect(judgeDescriptors(1024).status).toBe('ok');
    expect(judgeDescriptors(undefined).status).toBe('ok');
    if (process.platform === 'linux') expect(descriptorLimit()).toBeGreaterThan(0);
  });

  test('of a cache warns when it has no bound, and names one that it can have', () => {
    const settings = { driver: 'sqlite', connection: 'cache' } as const;
    expect(judgeBound('hot', settings, new Set())).toMatchObject({
      status: 'warn',
      mend: `Set "maxBytes: '256mb'" for "stores.hot" in config/cache.ts.`,
    });
    expect(judgeBound('hot', settings, new Set(['cache'])).mend).toContain('maxEntries');
    const bound = { ...settings, maxBytes: 1024, maxEntries: 7 };
    expect(judgeBound('hot', bound, new Set())).toEqual({
      status: 'ok',
      message: 'It is kept within 1 KB and 7 entries.',
    });
    expect(judgeBound('hot', { ...settings, maxEntries: 7 }, new Set()).status).toBe('ok');
  });

  test('of the key fails in production alone', () => {
    expect(judgeKey({ key: undefined, env: 'production' }).status).toBe('fail');
    expect(judgeKey({ key: undefined, env: 'development' }).status).toBe('ok');
    expect(judgeKey({ key: 'base64:…', env: 'production' }).status).toBe('ok');
  });

  test('of a folder that is not there fails by what the system says', async () => {
    const app = {
      config: { storagePath: '/nowhere/at/all', database: { connections: {} } },
    } as unknown as ConsoleApplication;
    const results = await Promise.all(storageChecks(app).map(runCheck));
    expect(results.find(({ name }) => name.startsWith('Writing'))).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('ENOENT') as string,
    });
    expect(results.map(({ mend }) => mend)).not.toContain(undefined);
  });
});
