import fs from 'node:fs';
import { join } from 'node:path';
import { Database } from '../../src/database/database';
import { artisan } from '../helpers/artisan';
import { exportDefault, type TestProject } from '../helpers/project';
import { createTenantProject, openTenantApplication, writeNote } from '../helpers/tenants';

/*
 * POSIX takes all of a process's locks on a file away when the process closes any descriptor of it: a file that SQLite has open is opened by nobody
 * else, be it for a copy or for a look.
 */

const OPENERS = ['openSync', 'readFileSync', 'createReadStream', 'copyFileSync', 'cpSync'] as const;
const PROMISED = ['open', 'readFile', 'copyFile', 'cp'] as const;

let project: TestProject;
let opened: string[];

beforeEach(() => {
  project = createTenantProject({ 'config/app.js': exportDefault("{ env: 'testing' }") });
  opened = [];
  for (const name of OPENERS) note(fs as never, name);
  for (const name of PROMISED) note(fs.promises as never, name);
});

afterEach(() => {
  jest.restoreAllMocks();
  project.remove();
});

function note(module: Record<string, (...values: unknown[]) => unknown>, name: string): void {
  const own = module[name] as (...values: unknown[]) => unknown;
  jest.spyOn(module, name).mockImplementation((...values) => {
    if (isLive(String(values[0]))) opened.push(`${name} ${String(values[0])}`);
    return own.apply(module, values);
  });
}

/** Whether a path is that of a file which applications work on: no copy, and nothing that is put together aside. */
function isLive(path: string): boolean {
  const below = path.startsWith(project.path) ? path.slice(project.path.length) : '';
  return /^\/storage\/(tenants\/(?!\.)[^/]+\/)?[a-z0-9_-]+\.sqlite(-wal|-shm)?$/.test(below);
}

test('no file that may be in use is opened by anybody but SQLite, whatever is done with a tenant', async () => {
  const app = await openTenantApplication(project);
  await app.tenancy.create('acme');
  await app.tenancy.run('acme', async (_tenant, scope) => {
    await writeNote(app, 'own');
    await scope.make(Database).offload('select text from notes');
  });
  const archive = join(project.path, 'acme.tar.gz');
  for (const line of [
    'tenants:migrate',
    'tenants:backup',
    'tenants:stats',
    'tenants:doctor',
    'tenants:show acme',
    `tenants:export acme --output=${archive}`,
    `tenants:import ${archive} --id=globex --slug=globex`,
    'doctor',
    'db:backup --all',
  ]) {
    expect([line, (await artisan(project, line)).code]).toEqual([line, 0]);
  }
  await app.tenancy.delete('acme');
  await app.tenancy.restore('acme');
  await app.close();
  expect(opened).toEqual([]);
});

test('that would be noticed', () => {
  const file = join(project.path, 'storage/database.sqlite');
  fs.writeFileSync(file, '');
  fs.readFileSync(file);
  expect(opened).toContain(`readFileSync ${file}`);
});
