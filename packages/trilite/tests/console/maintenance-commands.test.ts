import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import { createApplication, type Application, type JobClass } from 'trilite';
import { WorkerPauses } from '../../src/console/maintenance';
import { artisan } from '../helpers/artisan';
import { gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';
import { createProject, type TestProject } from '../helpers/project';

let project: TestProject;

beforeEach(() => {
  project = createProject();
});

afterEach(() => project.remove());

const file = (): string => join(project.path, 'storage/down.json');
const state = (): Record<string, unknown> =>
  JSON.parse(readFileSync(file(), 'utf8')) as Record<string, unknown>;

async function inApplication(work: (app: Application) => Promise<void>): Promise<void> {
  const app = await createApplication({ basePath: project.path });
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

describe('down', () => {
  test('takes the application down, and up brings it back', async () => {
    expect(await artisan(project, 'down --retry=60')).toMatchObject({ code: 0 });
    expect(state()).toMatchObject({ status: 503, retryAfterSeconds: 60 });
    expect(await artisan(project, 'up')).toMatchObject({
      code: 0,
      out: expect.stringContaining('up again') as string,
    });
    expect(existsSync(file())).toBe(false);
  });

  test('once more replaces what was said, and up of what is up says so', async () => {
    await artisan(project, 'down --retry=60 --secret=open-sesame');
    const { out, code } = await artisan(project, 'down --refresh=5');
    expect([out, code]).toEqual([expect.stringContaining('stays down'), 0]);
    expect(state()).toMatchObject({ refreshSeconds: 5 });
    expect(state()).not.toHaveProperty('bypass');
    await artisan(project, 'up');
    expect(await artisan(project, 'up')).toMatchObject({
      code: 0,
      out: expect.stringContaining('was up') as string,
    });
  });

  test('keeps the secret to itself, and makes one where none is given', async () => {
    await artisan(project, 'down --secret=open-sesame');
    expect(readFileSync(file(), 'utf8')).not.toContain('sesame');
    const { out } = await artisan(project, 'down --secret');
    const secret = /Open "\/([\w-]{24})"/.exec(out)?.[1] ?? '';
    await inApplication(async (app) => {
      await request(app.http().handler).get(`/${secret}`).expect(302);
    });
  });

  test('shows a page that was read when it began', async () => {
    project.write('soon.html', '<h1>Soon</h1>');
    await artisan(project, 'down --render=soon.html');
    project.write('soon.html', 'other');
    await inApplication(async (app) => {
      await request(app.http().handler)
        .get('/')
        .set('Accept', 'text/html')
        .expect(503, '<h1>Soon</h1>');
    });
  });

  test('shows a view that was rendered when it began', async () => {
    project.write('resources/views/errors/soon.eta', '<h1><%= 1 + 1 %> minutes</h1>');
    await artisan(project, 'down --render=errors/soon');
    project.write('resources/views/errors/soon.eta', '<% no template %>');
    await inApplication(async (app) => {
      await request(app.http().handler)
        .get('/')
        .set('Accept', 'text/html')
        .expect(503, '<h1>2 minutes</h1>');
    });
  });

  test('goes down with no page that is not there', async () => {
    const { code, err } = await artisan(project, 'down --render=errors/none');
    expect([code, err]).toEqual([1, expect.stringContaining('E_VIEW_NOT_FOUND')]);
    expect(existsSync(file())).toBe(false);
  });

  test('takes down what does not boot', async () => {
    project.write('config/app.js', 'throw new Error("broken");');
    expect(await artisan(project, 'down')).toMatchObject({ code: 0 });
    expect(existsSync(file())).toBe(true);
    expect(await artisan(project, 'up')).toMatchObject({ code: 0 });
  });

  test.each([
    ['--secret=short', 'a secret has 8 to 200 letters'],
    ['--redirect=//elsewhere.example', 'a path such as "/soon"'],
    ['--redirect=soon', 'a path such as "/soon"'],
    ['--render=missing.html', 'the page cannot be read'],
    ['--status=42', '200'],
    ['--status=204', 'its answers have no body'],
    ['--status=304', 'its answers have no body'],
  ])('refuses %s', async (option, words) => {
    const { code, err } = await artisan(project, `down ${option}`);
    expect([code, err]).toEqual([2, expect.stringContaining(words)]);
    expect(existsSync(file())).toBe(false);
  });
});

describe('down and up say what is in the way', () => {
  test('of a folder in the place of their file', async () => {
    project.write('storage/down.json/kept.txt', '');
    for (const command of ['down', 'up']) {
      const { code, err } = await artisan(project, command);
      expect([code, err]).toEqual([1, expect.stringContaining('E_MAINTENANCE_FILE')]);
    }
    expect(readdirSync(join(project.path, 'storage'))).toEqual(['.gitignore', 'down.json']);
  });

  test('of a storage folder that cannot be written', async () => {
    rmSync(join(project.path, 'storage'), { recursive: true });
    project.write('storage', 'a file');
    for (const command of ['down', 'up']) {
      const { code, err } = await artisan(project, command);
      expect([code, err]).toEqual([1, expect.stringContaining('E_STORAGE_NOT_WRITABLE')]);
    }
  });
});

test('about and doctor tell that the application is down, and doctor that its file is damaged', async () => {
  await artisan(project, 'down');
  expect((await artisan(project, 'about')).out).toMatch(/Maintenance.*since 20/);
  expect((await artisan(project, 'doctor')).out).toContain('The application is down since');
  writeFileSync(file(), '{');
  const { out, code } = await artisan(project, 'doctor');
  expect([out, code]).toEqual([expect.stringContaining('down.json" cannot be read'), 1]);
});

describe('a worker', () => {
  test('claims nothing while the application is down, and goes on when it is up', async () => {
    await artisan(project, 'migrate');
    const ran = gate();
    const Runs = jobOf(() => ran.open(), { name: 'Runs' });
    const app = await createApplication({ basePath: project.path, jobs: [Runs] });
    const told: string[] = [];
    const worker = app.queues.worker('sqlite', WORK, ({ kind }) => told.push(kind));
    app.maintenance.begin();
    const stopFollowing = new WorkerPauses(worker).follow(app.maintenance);
    try {
      await app.queue().dispatch(Runs, {});
      const ended = worker.run();
      await app.queues.store('sqlite').nextDueAt(['default']);
      expect(told).toEqual(['paused']);
      app.maintenance.end();
      await ran.opened;
      worker.stop();
      await ended;
      expect(told.slice(0, 3)).toEqual(['paused', 'resumed', 'running']);
    } finally {
      stopFollowing();
      worker.stop();
      await app.close();
    }
  });

  test('that somebody paused stays so when the maintenance ends', () => {
    const calls: string[] = [];
    const pauses = new WorkerPauses({
      pause: () => calls.push('pause'),
      resume: () => calls.push('resume'),
    });
    pauses.pause('signal');
    pauses.pause('maintenance');
    pauses.resume('maintenance');
    expect(calls).toEqual(['pause', 'pause']);
    pauses.resume('signal');
    expect(calls).toEqual(['pause', 'pause', 'resume']);
  });

  test('of "queue:work" does nothing while it is down, unless it is forced to', async () => {
    project.write('app/jobs/note.js', NOTE);
    await artisan(project, 'migrate');
    await inApplication(async (app) => {
      const { Note } = require(join(project.path, 'app/jobs/note.js')) as { Note: JobClass };
      await app.queue().dispatch(Note, undefined);
    });
    await artisan(project, 'down');
    const { out } = await artisan(project, 'queue:work --stop-when-empty');
    expect(out).toContain('The application is down for maintenance: jobs wait.');
    expect(out).not.toContain('Note');
    expect((await artisan(project, 'queue:work --stop-when-empty --force')).out).toContain('Note');
  });
});

const NOTE = `exports.Note = class Note { static jobName = 'Note'; async handle() {} };`;

const WORK = {
  queues: ['default'],
  once: false,
  stopWhenEmpty: false,
  concurrency: 1,
  tries: 1,
  timeoutMs: 0,
  backoff: 0,
  isWatched: false,
  sleepMs: 3000,
  shutdownMs: 1000,
};
