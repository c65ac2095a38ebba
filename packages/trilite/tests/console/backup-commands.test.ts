import fs, { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { artisan as artisanIn, type ArtisanResult } from '../helpers/artisan';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;

beforeEach(async () => {
  project = createProject({ 'config/app.js': exportDefault("{ env: 'testing' }") });
  await artisan('migrate');
});

afterEach(() => project.remove());

function artisan(...words: readonly string[]): Promise<ArtisanResult> {
  return artisanIn(project, words);
}

async function json(...words: readonly string[]): Promise<unknown> {
  const { out, err } = await artisan(...words, '--json');
  expect(err).toBe('');
  return JSON.parse(out);
}

const storage = (name = ''): string => join(project.path, 'storage', name);
const backups = (): string[] =>
  existsSync(storage('backups')) ? readdirSync(storage('backups')).sort() : [];

function query(name: string, sql: string): unknown[] {
  const db = new Database(storage(name));
  try {
    const statement = db.prepare(sql);
    return statement.reader ? statement.all() : [statement.run()];
  } finally {
    db.close();
  }
}

function breakPages(name: string): void {
  const bytes = readFileSync(storage(name));
  writeFileSync(storage(name), bytes.fill(0xff, 4096 * 2, 4096 * 6));
}

describe('db:backup', () => {
  test('backs up the default connection, and says where to', async () => {
    const { code, out } = await artisan('db:backup');
    expect(code).toBe(0);
    expect(backups()).toEqual([expect.stringMatching(/^default-\d{8}T\d{9}Z\.sqlite$/)]);
    expect(out).toContain(storage(`backups/${backups()[0] ?? ''}`));
  });

  test('with --connection backs up that one, and with --all each that has a file', async () => {
    expect(await json('db:backup', '--connection=queue')).toMatchObject({
      connection: 'queue',
      violations: [],
      removed: [],
    });
    const all = (await json('db:backup', '--all')) as { backups: { connection: string }[] };
    expect(all).toMatchObject({ failures: [] });
    expect(all.backups.map(({ connection }) => connection)).toEqual(['default', 'cache', 'queue']);
    expect(backups()).toHaveLength(4);
  });

  test('with --keep removes the oldest of that connection', async () => {
    await artisan('db:backup', '--all');
    const [first] = backups().filter((name) => name.startsWith('default-'));
    expect(await json('db:backup', '--keep=1')).toMatchObject({ removed: [first] });
    expect(backups()).toHaveLength(3);
  });

  test('with --all goes on after one that fails, and exits with 1', async () => {
    breakPages('cache.sqlite');
    const { code, out } = await artisan('db:backup', '--all');
    expect(code).toBe(1);
    expect(out).toContain('E_BACKUP_DAMAGED');
    expect(backups().map((name) => name.split('-')[0])).toEqual(['default', 'queue']);
    expect(await json('db:backup', '--all')).toMatchObject({
      failures: [{ connection: 'cache', code: 'E_BACKUP_DAMAGED' }],
    });
  });

  test.each([
    [['--keep=0'], 2, 'at least 1'],
    [['--all', '--connection=cache'], 2, 'exclude each other'],
    [['--connection=nothing'], 1, 'E_CONNECTION_UNKNOWN'],
  ])('%p is refused', async (options, code, message) => {
    const result = await artisan('db:backup', ...options);
    expect(result).toMatchObject({ code, out: '' });
    expect(result.err).toContain(message);
    expect(existsSync(storage('backups'))).toBe(false);
  });

  test('of a file that is missing is an error, and creates nothing', async () => {
    fs.rmSync(storage('database.sqlite'));
    const { code, err } = await artisan('db:backup');
    expect(code).toBe(1);
    expect(err).toContain('E_DATABASE_FILE_MISSING');
    expect(readdirSync(storage())).not.toContain('database.sqlite');
    expect(existsSync(storage('backups'))).toBe(false);
  });
});

describe('db:backups', () => {
  test('lists them newest first, with size and age', async () => {
    expect((await artisan('db:backups')).out).toContain('No backups');
    expect(await json('db:backups')).toEqual([]);
    await artisan('db:backup');
    await artisan('db:backup', '--connection=queue');
    const listed = (await json('db:backups')) as Record<string, unknown>[];
    expect(listed.map(({ connection }) => connection)).toEqual(['queue', 'default']);
    expect(listed[0]).toMatchObject({
      bytes: expect.any(Number),
      madeAt: expect.stringMatching(/Z$/),
      ageMs: expect.any(Number),
    });
    expect(await json('db:backups', '--connection=queue')).toHaveLength(1);
    expect((await artisan('db:backups')).out).toMatch(/queue-.*\n.*\n.*default-/);
  });

  test('of a connection that is mistyped is an error', async () => {
    const { code, err } = await artisan('db:backups', '--connection=qeueu');
    expect(code).toBe(1);
    expect(err).toContain('E_CONNECTION_UNKNOWN');
  });
});

describe('db:restore', () => {
  const jobs = (): unknown[] => query('queue.sqlite', 'select count(*) as jobs from failed_jobs');

  test('reads the connection from the name, and says how many migrations are pending', async () => {
    await artisan('db:backup', '--connection=queue');
    const [name = ''] = backups();
    query('queue.sqlite', 'drop table failed_jobs');
    expect(await json('db:restore', name)).toMatchObject({
      connection: 'queue',
      file: storage('queue.sqlite'),
      replaced: expect.stringContaining('/backups/replaced/queue-'),
      pendingMigrations: 0,
    });
    expect(jobs()).toEqual([{ jobs: 0 }]);
    expect((await artisan('db:restore', name)).out).toContain('No migrations are pending');
  });

  test('of a backup that is older than a migration says so', async () => {
    await artisan('db:backup');
    project.write(
      'database/migrations/default/2026_01_01_000000_create_posts.js',
      exportDefault('{ async up() {} }'),
    );
    await artisan('migrate');
    const { code, out } = await artisan('db:restore', backups()[0] ?? '');
    expect(code).toBe(0);
    expect(out).toContain('1 migration is pending');
  });

  test('takes a path, with the connection named', async () => {
    const path = join(project.path, `my 'odd' "backup".sqlite`);
    fs.copyFileSync(storage('queue.sqlite'), path);
    const { code, err } = await artisan('db:restore', path);
    expect(code).toBe(1);
    expect(err).toContain('--connection');
    expect((await artisan('db:restore', path, '--connection=queue')).code).toBe(0);
    expect(jobs()).toEqual([{ jobs: 0 }]);
  });

  test('of one connection into another is refused without --force', async () => {
    await artisan('db:backup', '--connection=cache');
    const [name = ''] = backups();
    const { code, err } = await artisan('db:restore', name, '--connection=queue');
    expect(code).toBe(1);
    expect(err).toContain('E_BACKUP_UNKNOWN');
    expect((await artisan('db:restore', name, '--connection=queue', '--force')).code).toBe(0);
  });

  test('in production asks, and with nobody to ask needs --force', async () => {
    await artisan('db:backup');
    project.write('config/app.js', exportDefault("{ env: 'production' }"));
    jest.resetModules();
    const before = fs.statSync(storage('database.sqlite')).ino;
    const { code, err } = await artisan('db:restore', backups()[0] ?? '');
    expect(code).toBe(2);
    expect(err).toContain('this is production (--force');
    expect(fs.statSync(storage('database.sqlite')).ino).toBe(before);
    expect((await artisan('db:restore', backups()[0] ?? '', '--force')).code).toBe(0);
  });

  test('of a backup that is not there, or damaged, is an error, and changes nothing', async () => {
    await artisan('db:backup', '--connection=queue');
    const [name = ''] = backups();
    breakPages(`backups/${name}`);
    const before = readFileSync(storage('queue.sqlite'));
    for (const [given, expected] of [
      ['nothing', 'E_BACKUP_UNKNOWN'],
      [name, 'E_BACKUP_DAMAGED'],
    ] as const) {
      const { code, err, out } = await artisan('db:restore', given, '--json');
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toContain(expected);
    }
    expect(readFileSync(storage('queue.sqlite'))).toEqual(before);
  });
});

describe('db:check', () => {
  test('of sound files is well', async () => {
    const { code, out } = await artisan('db:check');
    expect(code).toBe(0);
    expect(out.match(/OK/g)).toHaveLength(3);
    expect(await json('db:check', '--connection=queue', '--quick')).toEqual([
      { connection: 'queue', file: storage('queue.sqlite'), problems: [], violations: [] },
    ]);
  });

  test('tells each finding, goes on with the others, and exits with 1', async () => {
    const db = new Database(storage('database.sqlite'));
    db.pragma('foreign_keys = off');
    db.exec(`create table posts (id integer primary key);
      create table comments (post integer references posts (id)); insert into comments values (1)`);
    db.close();
    fs.rmSync(storage('cache.sqlite'));
    breakPages('queue.sqlite');
    const { code, out } = await artisan('db:check');
    expect(code).toBe(1);
    expect(out).toContain('1 row of "comments" refers to rows of "posts" that are not there.');
    expect(out).toContain('is not there.');
    expect(out.match(/FOUND/g)).toHaveLength(3);
    expect(existsSync(storage('cache.sqlite'))).toBe(false);
    expect((await artisan('db:check', '--connection=cache', '--json')).code).toBe(1);
  });
});

describe('db:litestream', () => {
  test('prints the data and queue files, and with --all the caches', async () => {
    const { out } = await artisan('db:litestream', '--replica=s3://bucket/app');
    expect(out).toContain(`path: ${JSON.stringify(storage('database.sqlite'))}`);
    expect(out).toContain('s3://bucket/app/queue');
    expect(out).not.toContain('cache.sqlite');
    expect((await artisan('db:litestream', '--all')).out).toContain('cache.sqlite');
  });

  test('with --output writes a file, and never over one that was edited', async () => {
    const file = join(project.path, 'litestream.yml');
    const words = ['db:litestream', '--replica=s3://bucket', `--output=${file}`];
    expect((await artisan(...words)).code).toBe(0);
    expect((await artisan(...words)).code).toBe(0);
    writeFileSync(file, 'edited');
    const { code, err } = await artisan(...words);
    expect(code).toBe(2);
    expect(err).toContain('is there already');
    expect(readFileSync(file, 'utf8')).toBe('edited');
  });

  test('with credentials in the URL is refused', async () => {
    const { code, err, out } = await artisan('db:litestream', '--replica=sftp://u:secret@host/a');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('credentials');
    expect(err).not.toContain('secret@');
  });
});
