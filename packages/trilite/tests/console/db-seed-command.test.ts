import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { artisan } from '../helpers/artisan';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;

afterEach(() => project.remove());

const seeders = {
  'config/app.js': exportDefault("{ env: 'testing' }"),
  'database/seeders/seeders.js': `
    exports.DatabaseSeeder = class DatabaseSeeder {
      async run({ call }) { await call(exports.UserSeeder, exports.PostSeeder); }
    };
    exports.UserSeeder = class UserSeeder { run() {} };
    exports.PostSeeder = class PostSeeder {
      run() { if (globalThis.postsFail) throw new Error('no posts today'); }
    };`,
};

afterEach(() => {
  Object.assign(globalThis, { postsFail: false });
});

test('says the name and the time of each seeder', async () => {
  project = createProject(seeders);
  const { code, out } = await artisan(project, 'db:seed');
  expect(code).toBe(0);
  expect(out).toMatch(
    /UserSeeder \.+ [\d.]+ms DONE\n.*PostSeeder \.+ [\d.]+ms DONE\n.*DatabaseSeeder \.+ [\d.]+ms DONE/,
  );
});

test('--class runs one seeder alone, and answers a mistyped name with the nearest', async () => {
  project = createProject(seeders);
  expect((await artisan(project, 'db:seed --class=UserSeeder')).out).not.toContain('PostSeeder');
  const { code, err } = await artisan(project, 'db:seed --class=PostSeder');
  expect(code).toBe(1);
  expect(err).toMatch(/exports a seeder "PostSeder"\.[^]*Did you mean "PostSeeder"/);
});

test('a seeder that fails is told by name, with exit code 1', async () => {
  project = createProject(seeders);
  Object.assign(globalThis, { postsFail: true });
  const { code, out, err } = await artisan(project, 'db:seed');
  expect(code).toBe(1);
  expect(out).toMatch(/PostSeeder \.+ [\d.]+ms FAIL/);
  expect(err).toContain('The seeder "PostSeeder" failed: no posts today');
});

test('production is seeded by force alone, where nobody can be asked', async () => {
  project = createProject({
    ...seeders,
    'config/app.js': exportDefault("{ env: 'production' }"),
  });
  const refused = await artisan(project, 'db:seed');
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toContain('--force');
  expect((await artisan(project, 'db:seed --force')).code).toBe(0);
});

test('a missing file is said, and not created', async () => {
  project = createProject({
    ...seeders,
    'database/seeders/seeders.js': `
      const { Database, injectable } = require('trilite');
      class DatabaseSeeder {
        constructor(db) { this.db = db; }
        async run() { await this.db.selectFrom('posts').selectAll().execute(); }
      }
      Reflect.defineMetadata('design:paramtypes', [Database], DatabaseSeeder);
      injectable()(DatabaseSeeder);
      exports.DatabaseSeeder = DatabaseSeeder;`,
  });
  const { code, err } = await artisan(project, 'db:seed');
  expect(code).toBe(1);
  expect(err).toMatch(/database\.sqlite[^]*artisan migrate/);
  expect(existsSync(join(project.path, 'storage/database.sqlite'))).toBe(false);
});
