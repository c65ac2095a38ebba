import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { artisan as artisanIn, type ArtisanResult } from '../helpers/artisan';
import { holdLock } from '../helpers/lock-holder';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;

beforeEach(async () => {
  await useProject('testing');
});

afterEach(() => project.remove());

async function useProject(env: string): Promise<void> {
  project = createProject({ 'config/app.js': exportDefault(`{ env: '${env}' }`) });
  await artisan('migrate');
}

function artisan(line: string): Promise<ArtisanResult> {
  return artisanIn(project, line);
}

async function json<T>(line: string): Promise<T> {
  return JSON.parse((await artisan(`${line} --json`)).out) as T;
}

const file = (name: string): string => join(project.path, 'storage', `${name}.sqlite`);

interface Connections<T> {
  readonly connections: readonly (T & { readonly connection: string })[];
}

describe('db:show', () => {
  test('shows each connection, its settings and its tables', async () => {
    const { code, out } = await artisan('db:show');
    expect(code).toBe(0);
    expect(out).toMatch(/queue \.+ .*queue\.sqlite\n/);
    expect(out).toMatch(/Journal mode \.+ wal\n/);
    expect(out).toMatch(/jobs \.+ 0 rows, \d+ KB\n/);
  });

  test('as JSON is what the page shows', async () => {
    const { sqlite, connections } = await json<Connections<object> & { sqlite: string }>(
      'db:show --connection=cache',
    );
    expect(sqlite).toMatch(/^3\.\d+\.\d+$/);
    expect(connections).toMatchObject([
      {
        connection: 'cache',
        file: file('cache'),
        pageSize: 4096,
        settings: { journalMode: 'wal', busyTimeout: 5000 },
        tables: [
          { name: 'cache_claims' },
          { name: 'cache_counts' },
          { name: 'cache_entries', type: 'table', rows: 0, isExact: true },
          { name: 'cache_tags' },
          { name: 'migrations', rows: 1 },
        ],
      },
    ]);
  });

  test('says which file is missing, makes none, and shows the others', async () => {
    rmSync(file('cache'));
    const { code, out } = await artisan('db:show');
    expect(code).toBe(1);
    expect(out).toContain('"cache" is not there');
    expect(out).toMatch(/jobs \.+ 0 rows/);
    const { connections } = await json<Connections<{ error?: { code: string } }>>('db:show');
    expect(connections.map(({ error }) => error?.code)).toEqual([
      undefined,
      'E_DATABASE_FILE_MISSING',
      undefined,
    ]);
    expect(readdirSync(join(project.path, 'storage')).sort()).toEqual([
      '.gitignore',
      'database.sqlite',
      'queue.sqlite',
    ]);
  });

  test('refuses a connection that is not declared', async () => {
    expect((await artisan('db:show --connection=nope')).err).toContain('E_CONNECTION_UNKNOWN');
  });
});

describe('db:table', () => {
  test('shows what a table is made of', async () => {
    const { code, out } = await artisan('db:table jobs --connection=queue');
    expect(code).toBe(0);
    expect(out).toMatch(/queue: jobs \.+ table, strict, 0 rows\n/);
    expect(out).toMatch(/id text \.+ primary key\n/);
    expect(out).toMatch(/jobs_waiting queue, priority, available_at, id \.+ partial\n/);
    expect(out).toContain('CREATE TABLE jobs (');
  });

  test('shows foreign keys and triggers', async () => {
    await artisan('db:query --write "create table a (id integer primary key)"');
    await artisan(
      'db:query --write "create table b (a integer references a (id) on delete cascade)"',
    );
    await artisan('db:query --write "create trigger t after delete on b begin select 1; end"');
    const { out } = await artisan('db:table b');
    expect(out).toMatch(/a → a \(id\) \.+ on update no action, on delete cascade\n/);
    expect(out).toMatch(/t \.+ after delete\n/i);
  });

  test('answers an unknown table with the nearest, or with its connection', async () => {
    expect((await artisan('db:table migratons')).err).toContain('Did you mean "migrations"?');
    const { code, err } = await artisan('db:table jobs');
    expect(code).toBe(1);
    expect(err).toContain('add --connection=queue');
  });

  test('as JSON is what the page shows', async () => {
    expect(await json('db:table migrations')).toMatchObject({
      connection: 'default',
      name: 'migrations',
      isStrict: true,
      columns: [{ name: 'name', primaryKey: 1, isNullable: false }, {}, {}],
    });
  });
});

describe('db:query', () => {
  test('prints a table of readable values', async () => {
    const sql = `select null as a, x'${'ab'.repeat(20)}' as b, '\u001b[31mred' as c`;
    const { out } = await artisan(`db:query "${sql}"`);
    expect(out).toContain('NULL');
    expect(out).toContain(`x'${'ab'.repeat(16)}…' (20 bytes)`);
    expect(out).toContain('\\u001b[31mred');
    expect(out).toContain('1 row.');
  });

  test('as JSON keeps what JSON has no word for', async () => {
    const sql = "select 9007199254740993 as big, 7 as small, x'00ff' as blob, null as none";
    expect(await json(`db:query "${sql}"`)).toEqual({
      columns: ['big', 'small', 'blob', 'none'],
      rows: [{ big: '9007199254740993', small: 7, blob: "x'00ff'", none: null }],
      hasMore: false,
      changes: null,
    });
  });

  test('shows as many rows as --limit says, and that there are more', async () => {
    const { out } = await artisan('db:query "select name from migrations" --connection=cache');
    expect(out).toContain('1 row.');
    const sql = 'select 1 union all select 2 union all select 3';
    expect((await artisan(`db:query "${sql}" --limit=2`)).out).toContain('The first 2 rows');
  });

  test('changes nothing without --write', async () => {
    const { code, err } = await artisan('db:query "drop table migrations"');
    expect(code).toBe(1);
    expect(err).toContain('Add --write');
    const { out } = await artisan('db:query --write "delete from migrations" --connection=cache');
    expect(out).toContain('1 row affected.');
  });

  test('reads the statement from standard input', () => {
    const dist = join(__dirname, '../../dist/artisan.js');
    project.write('artisan.js', `require('${dist}').runArtisan(__dirname);`);
    for (const words of [['-'], []]) {
      const { stdout } = spawnSync(
        process.execPath,
        ['artisan.js', 'db:query', ...words, '--json'],
        {
          cwd: project.path,
          input: "select 'from input' as word;\n",
          encoding: 'utf8',
        },
      );
      expect(JSON.parse(stdout)).toMatchObject({ rows: [{ word: 'from input' }] });
    }
  });
});

describe('db:wipe', () => {
  test('drops the tables of the default connection, or of the one named, or of all', async () => {
    await artisan('db:query --write "create table posts (id)"');
    expect((await artisan('db:wipe')).out).toMatch(/posts \.+ DROPPED\n/);
    expect((await artisan('db:table posts')).code).toBe(1);
    expect((await artisan('db:table jobs --connection=queue')).code).toBe(0);
    expect((await artisan('db:wipe --connection=queue')).out).toMatch(/jobs \.+ DROPPED\n/);
    const { code, out } = await artisan('db:wipe --all');
    expect(code).toBe(0);
    expect(out).toMatch(/cache_entries \.+ DROPPED\n/);
    expect(out).toContain('nothing to drop');
    expect((await artisan('migrate')).code).toBe(0);
  });

  test('takes either a connection or all', async () => {
    expect((await artisan('db:wipe --all --connection=queue')).code).toBe(2);
  });

  test('does not make a file that is missing', async () => {
    rmSync(file('database'));
    expect((await artisan('db:wipe')).code).toBe(1);
    expect(existsSync(file('database'))).toBe(false);
  });
});

describe('in production', () => {
  test.each(['db:wipe', 'db:query --write "delete from migrations"'])(
    '%s does nothing when there is nobody to ask, unless forced',
    async (line) => {
      project.remove();
      await useProject('production');
      const { code, err } = await artisan(line);
      expect(code).toBe(2);
      expect(err).toContain('this is production');
      expect(
        await json('db:query "select count(*) as n from migrations" --connection=cache'),
      ).toMatchObject({
        rows: [{ n: 1 }],
      });
      expect((await artisan(`${line} --force`)).code).toBe(0);
    },
  );
});

describe('db:optimize', () => {
  test('says bytes before and after, and what was done', async () => {
    const { code, out } = await artisan('db:optimize --connection=queue');
    expect(code).toBe(0);
    expect(out).toMatch(/Size \.+ (\d+ KB) → \1\n/);
    expect(out).toMatch(/-wal \.+ empty\n/);
    expect(await json('db:optimize --vacuum')).toMatchObject({
      connections: [{ isRewritten: true }, { isRewritten: true }, { isRewritten: true }],
    });
  });

  test('says who keeps the -wal from being emptied', async () => {
    const reader = await holdLock(file('queue'), 'read');
    await artisan('db:query --write --connection=queue "create table posts (id)"');
    const { code, out } = await artisan('db:optimize --connection=queue');
    await reader.release();
    expect(code).toBe(0);
    expect(out).toMatch(/-wal \.+ in use.*: not emptied\n/);
    if (process.platform === 'linux') expect(out).toContain(`by process ${reader.pid}`);
  });
});

describe('db:monitor', () => {
  test('finds nothing wrong with quiet files', async () => {
    const { code, out } = await artisan('db:monitor --for=20ms');
    expect(code).toBe(0);
    expect(out).toMatch(/Write lock taken \.+ 0 % of \d+ samples/);
  });

  test('exits with 1 when the write lock is taken too long', async () => {
    const writer = await holdLock(file('queue'), 'write');
    const busy = await artisan('db:monitor --for=20ms --connection=queue');
    const allowed = await artisan('db:monitor --for=20ms --connection=queue --max-busy=100');
    await writer.release();
    expect(busy).toMatchObject({
      code: 1,
      out: expect.stringContaining('taken 100 % of the time') as string,
    });
    expect(allowed.code).toBe(0);
  });

  test('exits with 1 when the -wal is too large', async () => {
    const reader = await holdLock(file('queue'), 'read');
    await artisan('db:query --write --connection=queue "create table posts (id)"');
    const { connections } = await json<Connections<{ problems: string[] }>>(
      'db:monitor --for=20ms --connection=queue --max-wal=1kb',
    );
    const { code } = await artisan('db:monitor --for=20ms --connection=queue --max-wal=1kb');
    await reader.release();
    expect(connections[0]?.problems).toEqual([expect.stringContaining('more than 1 KB')]);
    expect(code).toBe(1);
  });

  test.each(['--for=2', '--for=soon', '--max-wal=big', '--max-busy=101'])(
    'refuses "%s"',
    async (option) => {
      expect((await artisan(`db:monitor ${option}`)).code).toBe(2);
    },
  );
});
