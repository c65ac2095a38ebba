import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { artisan } from '../helpers/artisan';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;

beforeEach(() => {
  project = createProject({ 'database/migrations/default/01_posts.js': createTable('posts') });
});

afterEach(() => project.remove());

const createTable = (name: string): string =>
  exportDefault(
    `{ up: (db) => db.schema.createTable('${name}').addColumn('title', 'text').execute() }`,
  );
const written = (file = 'app/tables.ts'): string => readFileSync(join(project.path, file), 'utf8');

test('writes app/tables.ts, and finds nothing to check then', async () => {
  const { code, out } = await artisan(project, 'db:types');
  expect(code).toBe(0);
  expect(out).toContain('app/tables.ts is written');
  expect(written()).toContain('posts: {\n      title: string | null;');
  expect(await artisan(project, 'db:types --check')).toMatchObject({ code: 0, err: '' });
  expect(readdirSync(join(project.path, 'storage'))).toEqual(['.gitignore']);
});

test('--check shows what differs, with exit code 1, and writes nothing', async () => {
  expect((await artisan(project, 'db:types --check')).code).toBe(1);
  expect(existsSync(join(project.path, 'app'))).toBe(false);
  await artisan(project, 'db:types');
  const before = written();
  project.write('database/migrations/default/02_tags.js', createTable('tags'));
  const { code, out } = await artisan(project, 'db:types --check');
  expect(code).toBe(1);
  expect(out).toContain('  +     tags: {\n  +       title: string | null;\n  +     };\n\n');
  expect(written()).toBe(before);
});

test('a file that is as it should be is not written again', async () => {
  await artisan(project, 'db:types');
  const path = join(project.path, 'app/tables.ts');
  utimesSync(path, 1, 1);
  expect((await artisan(project, 'db:types')).code).toBe(0);
  expect(statSync(path).mtimeMs).toBe(1000);
});

test('a file written by hand is replaced by force alone', async () => {
  project.write('app/tables.ts', '// mine\n');
  const refused = await artisan(project, 'db:types');
  expect(refused.code).toBe(2);
  expect(refused.err).toContain('app/tables.ts was written by hand');
  expect(written()).toBe('// mine\n');
  expect((await artisan(project, 'db:types --force')).code).toBe(0);
  expect(written()).toContain('posts');
});

test('--output names another file, and nothing but TypeScript', async () => {
  expect((await artisan(project, 'db:types --output=types/db/tables.ts')).code).toBe(0);
  expect(written('types/db/tables.ts')).toContain('posts');
  const refused = await artisan(project, 'db:types --output=storage/database.sqlite');
  expect(refused).toMatchObject({ code: 2, out: '' });
  mkdirSync(join(project.path, 'folder.ts'));
  const folder = await artisan(project, 'db:types --output=folder.ts');
  expect(folder.code).toBe(2);
  expect(folder.err).toContain('folder.ts cannot be used');
});

test.each(['../tables.ts', '/tmp/trilite-elsewhere/tables.ts', 'app/../../tables.ts'])(
  '--output=%s leads out of the application, and is refused',
  async (place) => {
    const { code, err } = await artisan(project, `db:types --output=${place}`);
    expect([code, err]).toEqual([2, expect.stringContaining('outside of the application')]);
  },
);

test('--output to a pipe, which nobody writes to, is refused and not waited for', async () => {
  execFileSync('mkfifo', [join(project.path, 'pipe.ts')]);
  const { code, err } = await artisan(project, 'db:types --output=pipe.ts');
  expect([code, err]).toEqual([
    2,
    expect.stringContaining('pipe.ts cannot be used: it is no file'),
  ]);
});

test('a migration that fails is told, and leaves the file as it was', async () => {
  await artisan(project, 'db:types');
  const before = written();
  project.write('database/migrations/default/02_posts.js', createTable('posts'));
  const { code, err } = await artisan(project, 'db:types');
  expect(code).toBe(1);
  expect(err).toContain('The migration "02_posts" failed');
  expect(written()).toBe(before);
});
