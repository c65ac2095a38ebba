import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { createApplication, type Application, type JobClass } from 'trilite';
import { artisan } from '../helpers/artisan';
import { ARTISAN_FILE, ArtisanProcess } from '../helpers/artisan-process';
import { createProject, exportDefault, type TestProject } from '../helpers/project';
import { Listener, TALKING_JOBS } from '../helpers/talking-jobs';

/* A worker and a scheduler in one process of the built framework (dist/, which "npm test" makes first). */

let project: TestProject;
let app: Application;
let listener: Listener;

beforeEach(async () => {
  project = createProject({
    'artisan.js': ARTISAN_FILE,
    'app/jobs/jobs.js': TALKING_JOBS,
    'config/cache.js': exportDefault(
      "{ default: 'null', stores: { null: { driver: 'null' } }, lockConnection: 'locks' }",
    ),
    'config/database.js': exportDefault(`{
      default: 'default',
      connections: {
        default: { driver: 'sqlite', file: 'database.sqlite' },
        queue: { driver: 'sqlite', file: 'queue.sqlite' },
        locks: { driver: 'sqlite', file: 'locks.sqlite', busyTimeout: '2s' },
      },
    }`),
  });
  await artisan(project, 'migrate');
  app = await createApplication({ basePath: project.path });
  listener = await Listener.at(project.path);
});

afterEach(async () => {
  await listener.close();
  await app.close();
  project.remove();
});

test('a job of a worker whose scheduler cannot go on ends before the process does', async () => {
  const locks = new BetterSqlite3(join(project.path, 'storage/locks.sqlite'));
  locks.pragma('locking_mode = exclusive');
  locks.exec('begin exclusive');
  const { Talk } = require(join(project.path, 'app/jobs/jobs.js')) as { Talk: JobClass };
  const { status } = await app.queue().dispatch(Talk as never, 'a');
  const worker = new ArtisanProcess(project, ['queue:work', '--schedule']);
  try {
    await listener.begun('a');
    await worker.said(/Stopping after 1 running job/);
    await listener.alive('a');
    listener.answer('a');
    expect(await worker.end()).toEqual({ code: 1, signal: null });
    expect(worker.text).toContain('E_DATABASE_BUSY');
    expect(await status()).toMatchObject({ state: 'done' });
  } finally {
    await worker.kill();
    locks.close();
  }
});
