import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { travelBack, travelTo } from 'trilite/testing';
import { withProvider } from '../../src/console/make/listed-provider';
import { artisan } from '../helpers/artisan';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

/* That what they make compiles, passes lint and runs is shown in a new application, by .ci/end-to-end.test.js. */

let project: TestProject;

beforeEach(() => {
  project = createProject();
});

afterEach(() => {
  travelBack();
  project.remove();
});

const read = (file: string): string => readFileSync(join(project.path, file), 'utf8');

test.each([
  ['make:controller report', 'app/http/controllers/report-controller.ts', 'class ReportController'],
  ['make:controller ReportController', 'app/http/controllers/report-controller.ts', 'index('],
  [
    'make:controller Admin/DailyReport --api',
    'app/http/controllers/admin/daily-report-controller.ts',
    `route.apiResource('daily-reports', DailyReportController)`,
  ],
  ['make:controller post --resource', 'app/http/controllers/post-controller.ts', `param('post')`],
  ['make:job SendPDFReport', 'app/jobs/send-pdf-report.ts', 'class SendPdfReport implements Job'],
  ['make:command report:x', undefined, 'is no name'],
  [
    'make:command BuildReports',
    'app/console/commands/build-reports-command.ts',
    `'app:build-reports'`,
  ],
  [
    'make:command build --command=report:build',
    'app/console/commands/build-command.ts',
    `name: 'report:build'`,
  ],
  ['make:command build --command=Report', undefined, 'is no name of a command'],
  ['make:middleware no_store', 'app/http/middleware/no-store.ts', 'class NoStore implements Middl'],
  ['make:seeder plan', 'database/seeders/plan-seeder.ts', 'artisan db:seed --class=PlanSeeder'],
  ['make:event OrderPlaced', 'app/events/order-placed.ts', 'class OrderPlaced'],
  ['make:test orders', 'tests/feature/orders.test.ts', 'createTestApplication'],
  ['make:test orders.test.ts --unit', 'tests/unit/orders.test.ts', `'orders does`],
  ['make:test orders --tenant', 'tests/feature/orders.test.ts', `tenancy.run('acme'`],
  ['make:test orders --tenant --unit', undefined, 'one or the other'],
  ['make:view reports/ShowAll', 'resources/views/reports/show-all.eta', `title: 'Show all'`],
  ['make:view show.eta --layout=plain', 'resources/views/show.eta', `layout('plain'`],
  [`make:view show --layout=x'y`, undefined, 'is no name of a view'],
  ['make:controller post --api --resource', undefined, 'one or the other'],
  ['make:job ../../evil', undefined, 'is no name'],
  ['make:job /etc/evil', undefined, 'is no name'],
  ['make:job 7days', undefined, 'is no name'],
  ['make:job', undefined, 'name'],
  [`make:job ${'a'.repeat(101)}`, undefined, 'is no name'],
])('%s', async (line, file, text) => {
  const { code, out, err } = await artisan(project, line);
  if (file === undefined) {
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(text);
  } else {
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`${file} is made.`);
    expect(read(file)).toContain(text);
    expect(read(file)).not.toContain('{{');
  }
});

test('a file that is there is replaced by force alone', async () => {
  project.write('app/jobs/send.ts', '// mine\n');
  const { code, err } = await artisan(project, 'make:job send');
  expect(code).toBe(2);
  expect(err).toContain('app/jobs/send.ts is there');
  expect(read('app/jobs/send.ts')).toBe('// mine\n');
  await artisan(project, 'make:job send --force');
  expect(read('app/jobs/send.ts')).toContain('class Send');
});

test('where no folder can be made, it says so', async () => {
  project.write('app/jobs', 'a file');
  const { code, err } = await artisan(project, 'make:job send');
  expect(code).toBe(2);
  expect(err).toContain('app/jobs/send.ts cannot be written');
});

describe('make:migration', () => {
  test.each([
    ['create_posts', 'default', `createTable('posts')`],
    ['CreatePostsTable', 'default', `dropTable('posts')`],
    ['add_slug_to_posts', 'default', `alterTable('posts').addColumn('slug'`],
    ['drop_slug_from_posts_table', 'default', `alterTable('posts')`],
    ['fill --table=posts', 'default', `alterTable('posts')`],
    ['first --create=posts --connection=reports', 'reports', `createTable('posts')`],
    ['create_notes --tenant', 'tenant', `createTenantTable(db, 'notes'`],
    ['tidy_up', 'default', 'select 1'],
  ])('%s', async (line, folder, text) => {
    travelTo(new Date('2026-03-04T05:06:07Z'));
    await artisan(project, `make:migration ${line}`);
    const name = line.startsWith('Create') ? 'create_posts_table' : line.split(' ')[0];
    const file = `database/migrations/${folder}/2026_03_04_050607_${name}.ts`;
    expect(read(file)).toContain(text);
  });

  test('takes away what its name drops, and gives it back in down', async () => {
    travelTo(new Date('2026-03-04T05:06:07Z'));
    await artisan(project, 'make:migration drop_slug_from_posts');
    const text = read('database/migrations/default/2026_03_04_050607_drop_slug_from_posts.ts');
    expect(text).toMatch(
      /up\(db\) \{\s+await db\.schema\.alterTable\('posts'\)\.dropColumn\('slug'/,
    );
    expect(text).toMatch(
      /down\(db\) \{\s+await db\.schema\.alterTable\('posts'\)\.addColumn\('slug'/,
    );
  });

  test.each([
    'x --create=a --table=b',
    'x --create=a;b',
    'x --connection=../up',
    'x --tenant --connection=cache',
    'folder/x',
  ])('refuses %s', async (line) => {
    expect(await artisan(project, `make:migration ${line}`)).toMatchObject({ code: 2, out: '' });
  });
});

test.each(['make:job Job', 'make:middleware http/Middleware'])(
  '"%s" is refused: it would have the name of what it imports',
  async (line) => {
    const { code, err } = await artisan(project, line);
    expect(code).toBe(2);
    expect(err).toContain('would have the name of what it imports');
  },
);

describe('make:listener', () => {
  test('names its event by where that is', async () => {
    await artisan(project, 'make:event orders/OrderPlaced');
    await artisan(project, 'make:listener mails/SendReceipt --event=OrderPlaced --queued');
    const text = read('app/listeners/mails/send-receipt.ts');
    expect(text).toContain(`import { OrderPlaced } from '../../events/orders/order-placed';`);
    expect(text).toContain('static readonly queue = true;');
  });

  test('takes the event of the folder that is named, and asks which where several have the name', async () => {
    for (const folder of ['auth', 'shop/user', 'user']) {
      await artisan(project, `make:event ${folder}/Registered`);
    }
    await artisan(project, 'make:listener Welcome --event=user/registered');
    expect(read('app/listeners/welcome.ts')).toContain(`'../events/user/registered'`);
    await artisan(project, 'make:listener Invoice --event=shop/user/Registered');
    expect(read('app/listeners/invoice.ts')).toContain(`'../events/shop/user/registered'`);
    const { code, err } = await artisan(project, 'make:listener a --event=Registered');
    expect(code).toBe(2);
    expect(err).toContain('"auth/registered", "shop/user/registered", "user/registered"');
  });

  test('refuses an event that is not there, and names the nearest', async () => {
    await artisan(project, 'make:event OrderPlaced');
    const { code, err } = await artisan(project, 'make:listener a --event=OrderPlace');
    expect(code).toBe(2);
    expect(err).toContain('"order-placed"');
    expect((await artisan(project, 'make:listener a')).err).toContain('"--event"');
  });
});

describe('make:factory', () => {
  test('invents what a row of the table needs', async () => {
    project.write(
      'database/migrations/default/01_authors.js',
      exportDefault(`{ up: (db) => db.schema.createTable('blog_authors')
        .addColumn('id', 'integer', (c) => c.primaryKey())
        .addColumn('email', 'text', (c) => c.notNull())
        .addColumn('note', 'text')
        .addColumn('role', 'text', (c) => c.notNull().defaultTo('reader'))
        .addColumn('seen_at', 'integer', (c) => c.notNull()).execute() }`),
    );
    await artisan(project, 'make:factory BlogAuthor');
    expect(read('database/factories/blog-author-factory.ts')).toBe(
      `import { defineFactory } from 'trilite';

export const blogAuthorFactory = defineFactory('blog_authors', ({ faker }) => ({
  email: faker.internet.email(),
  seen_at: faker.date.recent().getTime(),
}));
`,
    );
    const { code, err } = await artisan(project, 'make:factory author');
    expect(code).toBe(2);
    expect(err).toContain('makes no table "authors"');
  });
});

describe('make:provider', () => {
  const APP = `import { defineApp } from 'trilite';
import { AppProvider } from '../app/providers/app-provider';
import { env } from './env';

export default defineApp({
  providers: [AppProvider],
});
`;
  const provider = { className: 'MailProvider', path: '../app/providers/mail-provider' };

  test('lists it in config/app.ts, once', () => {
    const listed = withProvider(APP, provider);
    expect(listed).toBe(
      APP.replace('[AppProvider]', '[AppProvider, MailProvider]').replace(
        'import { env }',
        `import { MailProvider } from '../app/providers/mail-provider';\nimport { env }`,
      ),
    );
    expect(withProvider(listed ?? '', provider)).toBe(listed);
    // Of two with one name, a person gives one another
    const other = { ...provider, path: '../app/providers/billing/mail-provider' };
    expect(withProvider(listed ?? '', other)).toBeUndefined();
  });

  test.each([
    ['providers: []', 'providers: [MailProvider]'],
    ['providers: [\n    A,\n    B,\n  ]', 'providers: [\n    A,\n    B,\n    MailProvider,\n  ]'],
  ])('keeps the shape of %j', (list, becomes) => {
    expect(withProvider(`defineApp({\n  ${list},\n});\n`, provider)).toContain(becomes);
  });

  test('leaves a list that is computed to a person, and says so', async () => {
    project.write('config/app.ts', 'export default defineApp({ providers: all() });\n');
    const { code, out } = await artisan(project, 'make:provider mail');
    expect(code).toBe(0);
    expect(out).toContain('List it in config/app.ts: providers: [MailProvider].');
    expect(read('config/app.ts')).toContain('all()');
  });
});

describe('stub:publish', () => {
  test('copies the stubs, and what is changed there is what is made', async () => {
    await artisan(project, 'stub:publish');
    project.write('stubs/job.stub', 'export class {{ class }} {} // ours\n');
    const { out } = await artisan(project, 'stub:publish');
    expect(out).toContain('0 stubs');
    await artisan(project, 'make:job send');
    expect(read('app/jobs/send.ts')).toBe('export class Send {} // ours\n');
    await artisan(project, 'stub:publish --force');
    expect(read('stubs/job.stub')).toContain('implements Job');
  });

  test('a stub that asks for what there is not is refused', async () => {
    project.write('stubs/job.stub', '{{ klass }}');
    const { code, err } = await artisan(project, 'make:job send');
    expect(code).toBe(2);
    expect(err).toContain('"{{ klass }}"');
    expect(existsSync(join(project.path, 'app/jobs/send.ts'))).toBe(false);
  });
});
