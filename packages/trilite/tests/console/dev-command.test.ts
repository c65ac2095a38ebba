import { exportDefault, type TestProject } from '../helpers/project';
import { ARTISAN_FILE, ArtisanProcess } from '../helpers/artisan-process';
import { createTenantProject } from '../helpers/tenants';

/* Which programs `dev` runs side by side. In nodemon's place stands one that says what it was to run. */

const NODEMON = `
  console.log('runs', process.argv.find((one) => one.includes('artisan.ts')));
  setInterval(() => undefined, 1000);
`;

let project: TestProject;
let dev: ArtisanProcess;

function startDev(mode: 'files' | 'single'): void {
  project = createTenantProject({
    'artisan.js': ARTISAN_FILE,
    'artisan.ts': '',
    'node_modules/nodemon/bin/nodemon.js': NODEMON,
    'config/app.js': exportDefault("{ env: 'testing', http: { port: 0 } }"),
    'config/tenancy.js': exportDefault(`{ mode: '${mode}' }`),
    'database/migrations/tenant/2026_01_01_000000_create_notes.js':
      'exports.default = { async up() {} };',
  });
  dev = new ArtisanProcess(project, ['dev']);
}

afterEach(async () => {
  dev.signal('SIGTERM');
  await dev.end();
  project.remove();
});

test('where tenants have queue files of their own, a worker serves them', async () => {
  startDev('files');
  await dev.said(/^web +│ runs .* serve /);
  await dev.said(/^worker +│ runs .* queue:work --workers=1 /);
  await dev.said(/^tenants +│ runs .* queue:work --tenants --workers=1 /);
});

test('where tenants share the queue, the one worker does their jobs, too', async () => {
  startDev('single');
  await dev.said(/^web +│ runs /);
  await dev.said(/^worker +│ runs /);
  expect(dev.text).not.toContain('--tenants');
});
