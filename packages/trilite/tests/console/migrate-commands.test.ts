import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { artisan } from '../helpers/artisan';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;

afterEach(() => project.remove());

const files = {
  'config/app.js': exportDefault("{ env: 'testing' }"),
  'database/migrations/default/01_posts.js': exportDefault(`{
    up: (db) => db.schema.createTable('posts').addColumn('id', 'integer').execute(),
    down: (db) => db.schema.dropTable('posts').execute(),
  }`),
  'database/seeders/database-seeder.js': `
    exports.DatabaseSeeder = class DatabaseSeeder { run() {} };`,
};

const inProduction = { ...files, 'config/app.js': exportDefault("{ env: 'production' }") };

async function all(...lines: readonly string[]): Promise<Awaited<ReturnType<typeof artisan>>> {
  let result = { code: -1, out: '', err: '' };
  for (const line of lines) result = await artisan(project, line);
  return result;
}

test('migrate --pretend prints the SQL and creates nothing', async () => {
  project = createProject(files);
  const { code, out } = await all('migrate --pretend');
  expect(code).toBe(0);
  expect(out).toContain('create table "posts" ("id" integer);');
  expect(existsSync(join(project.path, 'storage/database.sqlite'))).toBe(false);
});

test('migrate --isolated runs where there is no place for its lock yet, and where it drops that', async () => {
  project = createProject(files);
  expect((await all('migrate --isolated')).code).toBe(0);
  expect((await all('migrate --isolated')).out).toContain('Nothing to migrate');
  expect((await all('migrate:fresh --isolated')).code).toBe(0);
});

test('migrate --seed runs the seeders after the migrations', async () => {
  project = createProject(files);
  expect((await all('migrate --seed')).out).toMatch(/01_posts[^]*DatabaseSeeder/);
});

test('migrate --connection migrates one file alone, and an unknown one is named', async () => {
  project = createProject(files);
  expect((await all('migrate --connection=default')).code).toBe(0);
  expect(existsSync(join(project.path, 'storage/queue.sqlite'))).toBe(false);
  const { code, err } = await all('migrate --connection=nowhere');
  expect(code).toBe(1);
  expect(err).toContain('"nowhere" is not declared');
});

test('migrate:install creates files and runs nothing', async () => {
  project = createProject(files);
  expect((await all('migrate:install')).code).toBe(0);
  const { out } = await all('migrate:status --json');
  expect((JSON.parse(out) as { batch: unknown }[]).every(({ batch }) => batch === null)).toBe(true);
});

test('migrate:rollback, migrate:reset and migrate:refresh go back, and forth again', async () => {
  project = createProject(files);
  expect((await all('migrate', 'migrate:rollback')).out).toMatch(/01_posts \.+ .*DONE/);
  expect((await all('migrate:rollback')).out).toContain('Nothing to roll back');
  expect((await all('migrate', 'migrate:reset --pretend')).out).toContain('drop table "posts";');
  expect((await all('migrate:reset')).out).toMatch(/01_posts/);
  expect((await all('migrate', 'migrate:refresh --seed')).out).toMatch(
    /Rolling back[^]*01_posts[^]*Running[^]*01_posts[^]*DatabaseSeeder/,
  );
  expect((await all('migrate:status --pending')).code).toBe(0);
});

test('migrate:fresh drops every table of every file, and migrates anew', async () => {
  project = createProject(files);
  const { code, out } = await all('migrate', 'migrate:fresh --seed');
  expect(code).toBe(0);
  expect(out).toMatch(/Dropping everything in queue[^]*01_posts[^]*create_jobs[^]*DatabaseSeeder/);
});

test.each(['migrate:rollback', 'migrate:reset', 'migrate:refresh', 'migrate:fresh'])(
  'in production %s is refused where nobody can be asked, and done with --force',
  async (command) => {
    project = createProject(inProduction);
    const refused = await all('migrate', command);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('--force');
    expect((await all('migrate:status --pending')).code).toBe(0);
    expect((await all(`${command} --force`)).code).toBe(0);
  },
);

test('a step of zero is refused', async () => {
  project = createProject(files);
  expect((await all('migrate:rollback --step=0')).code).toBe(2);
});
