import { createTestApplication, type TestApplication } from 'trilite/testing';
import { errorWith } from '../../helpers/errors';
import { createProject, type TestProject } from '../../helpers/project';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

/** A file that exports seeders; `ran` gathers what they note. */
const seeders = (classes: Readonly<Record<string, string>>): string =>
  Object.entries(classes)
    .map(([name, body]) => `exports.${name} = class ${name} { async run(context) { ${body} } };`)
    .join('\n');

const note = (text: string): string => `globalThis.ran.push('${text}');`;

async function application(files: Record<string, string>): Promise<TestApplication> {
  const ran: string[] = [];
  Object.assign(globalThis, { ran });
  project = createProject(files);
  app = await createTestApplication({ basePath: project.path, migrate: false });
  return app;
}

const ran = (): string[] => (globalThis as unknown as { ran: string[] }).ran;

const nested = {
  'database/seeders/database-seeder.js': `
    const { UserSeeder, PostSeeder } = require('./content/seeders');
    ${seeders({ DatabaseSeeder: `await context.call(UserSeeder, PostSeeder); ${note('database')}` })}`,
  'database/seeders/content/seeders.js': seeders({
    UserSeeder: note('users'),
    PostSeeder: note('posts'),
  }),
};

test('a seeder runs those it calls one after the other, each reported by name', async () => {
  await application(nested);
  const reported: string[] = [];
  await app.seed('DatabaseSeeder', async (name, run) => {
    reported.push(`${name} begins`);
    await run();
    reported.push(`${name} ends`);
  });
  expect(ran()).toEqual(['users', 'posts', 'database']);
  expect(reported).toEqual([
    'DatabaseSeeder begins',
    'UserSeeder begins',
    'UserSeeder ends',
    'PostSeeder begins',
    'PostSeeder ends',
    'DatabaseSeeder ends',
  ]);
});

test('DatabaseSeeder runs by default; others by name or by class', async () => {
  await application(nested);
  await app.seed();
  await app.seed('PostSeeder');
  await app.seed(
    class {
      run(): void {
        ran().push('a class');
      }
    },
  );
  expect(ran()).toEqual(['users', 'posts', 'database', 'posts', 'a class']);
});

test('a seeder that fails names itself, and those after it do not run', async () => {
  await application({
    'database/seeders/seeders.js': seeders({
      DatabaseSeeder: 'await context.call(exports.UserSeeder, exports.PostSeeder);',
      UserSeeder: "throw new Error('the disk is on holiday');",
      PostSeeder: note('posts'),
    }),
  });
  await expect(app.seed()).rejects.toEqual(
    errorWith('E_SEEDER_FAILED', 'The seeder "UserSeeder" failed: the disk is on holiday'),
  );
  expect(ran()).toEqual([]);
});

test('the help of what failed is passed on', async () => {
  await application({
    'database/seeders/seeders.js': seeders({
      DatabaseSeeder: "throw require('trilite').NotFoundError.because('No such country.');",
    }),
  });
  await expect(app.seed()).rejects.toMatchObject({
    code: 'E_SEEDER_FAILED',
    help: 'Check the address.',
  });
});

test('a seeder that the container cannot make is told with the way there', async () => {
  await application({
    'database/seeders/seeders.js':
      'exports.DatabaseSeeder = class DatabaseSeeder { constructor(db) {} run() {} };',
  });
  await expect(app.seed()).rejects.toEqual(errorWith('E_CONTAINER_UNRESOLVABLE', 'DatabaseSeeder'));
});

test('an unknown seeder is answered with the nearest names', async () => {
  await application(nested);
  await expect(app.seed('UserSeder')).rejects.toMatchObject({
    code: 'E_SEEDER_UNKNOWN',
    help: 'Did you mean "UserSeeder"?',
  });
});

test('without any seeder, the error says what to write', async () => {
  await application({});
  await expect(app.seed()).rejects.toMatchObject({
    code: 'E_SEEDER_UNKNOWN',
    help: expect.stringContaining('"DatabaseSeeder" with a "run" method'),
  });
});

test('two seeders of one name are refused with their files, and one exported twice is not', async () => {
  const same = seeders({ UserSeeder: note('users') });
  await application({
    'database/seeders/a.js': same,
    'database/seeders/b.js': same,
    'database/seeders/c.js': seeders({ PostSeeder: note('posts') }),
    'database/seeders/d.js': "exports.PostSeeder = require('./c').PostSeeder;",
  });
  await expect(app.seed('UserSeeder')).rejects.toEqual(errorWith('E_SEEDER_AMBIGUOUS', 'b.js'));
  await app.seed('PostSeeder');
  expect(ran()).toEqual(['posts']);
});

test('a broken file in database/seeders stops nothing but seeding', async () => {
  await application({ 'database/seeders/broken.js': "throw new Error('broken');" });
  expect(app.http()).toBeDefined();
  await expect(app.seed()).rejects.toThrow('broken');
});
