import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ArtisanProcess } from '../helpers/artisan-process';
import {
  app,
  artisan,
  dispatch,
  listener,
  project,
  start,
  useWorkerProject,
} from '../helpers/worker-project';

/* Workers, and who watches them, in processes of their own, of the built framework (dist/, which "npm test" makes first). */

useWorkerProject({ shared: true });

afterEach(() => artisan('queue:clear --queue=default,open,tried'));

const WELL = { code: 0, signal: null };

describe('a worker that runs', () => {
  let worker: ArtisanProcess;

  beforeAll(() => {
    const line = 'queue:work --connection=brisk --queue=default,open --tries=5 --name=blue';
    worker = new ArtisanProcess(project, line.split(' '));
  });

  afterAll(() => worker.kill());

  /** Lets a job end, and waits until that is said. */
  async function answer(name: string): Promise<void> {
    listener.answer(name);
    await worker.said(/Talk \.+ .* DONE$/);
  }

  test('claims nothing from SIGUSR2 until SIGCONT, and its running job goes on', async () => {
    await dispatch('Talk', 'a');
    await listener.begun('a');
    await worker.said(/Talk \.+ RUNNING$/);
    worker.signal('SIGUSR2');
    await worker.said(/Worker \.+ PAUSED$/);
    await answer('a');
    await dispatch('Talk', 'b');
    worker.signal('SIGCONT');
    await worker.said(/Worker \.+ RESUMED$/);
    await worker.said(/Talk \.+ RUNNING$/); // the lines may come later than the job itself speaks
    expect(worker.text.indexOf('RESUMED')).toBeLessThan(worker.text.lastIndexOf('RUNNING'));
    await listener.begun('b');
    await answer('b');
  });

  test('is reached by queue:pause, and goes on by queue:resume', async () => {
    await dispatch('Talk', 'before');
    await listener.begun('before');
    await artisan('queue:pause default');
    await dispatch('Talk', 'c');
    await dispatch('Talk', 'open', { queue: 'open' });
    await answer('before');
    await listener.begun('open'); // and not 'c', whose turn it was
    await artisan('queue:pause');
    await answer('open');
    await artisan('queue:resume');
    await listener.begun('c');
    await answer('c');
  });

  test('has the job end that queue:cancel names, and does not run it again', async () => {
    const { id, status } = await dispatch('Talk', 'd');
    await listener.begun('d');
    expect((await artisan(`queue:cancel ${id}`)).out).toContain('IS TOLD TO STOP');
    await worker.said(/Talk \.+ .* CANCELLED$/);
    expect(await status()).toMatchObject({ state: 'cancelled' });
  });

  test('is in queue:show as who runs the job, by its --name, and as gone once it was killed', async () => {
    const { id } = await dispatch('Talk', 'e');
    const { pid } = await listener.begun('e');
    expect(pid).toBe(worker.pid);
    expect((await artisan(`queue:show ${id}`)).out).toMatch(
      new RegExp(`Worker \\.+ blue, pid ${pid}\n`),
    );
    await worker.kill();
    expect((await artisan(`queue:show ${id}`)).out).toContain(`blue, pid ${pid}, gone\n`);
    const next = artisan('queue:work --stop-when-empty');
    await listener.begun('e', 2);
    listener.answer('e');
    expect((await next).out).toMatch(/Talk \.+ .* DONE/);
  });
});

describe('a stop', () => {
  test('lets the running job end, says how many there are, goes on waiting when SIGTERM is repeated, and ends well', async () => {
    const { status } = await dispatch('Talk', 'a');
    const worker = start('queue:work');
    await listener.begun('a');
    worker.signal('SIGTERM');
    await worker.said(/Stopping after 1 running job; a second Ctrl\+C puts it back now\./);
    for (let times = 0; times < 10; times += 1) {
      await listener.alive('a');
      worker.signal('SIGTERM');
    }
    listener.answer('a');
    expect(await worker.end()).toEqual(WELL);
    expect(await status()).toMatchObject({ state: 'done' });
  });

  test('by a second Ctrl-C puts the running job back now, its run uncounted', async () => {
    const { status } = await dispatch('Talk', 'a');
    const worker = start('queue:work');
    await listener.begun('a');
    worker.signal('SIGINT');
    await worker.said(/Stopping after 1 running job/);
    // The first few come as close as an echo of the first one, and count as that
    for (let ended = false; !ended; ended = worker.hasEnded) {
      await Promise.race([listener.alive('a'), worker.end()]);
      worker.signal('SIGINT');
    }
    expect(await worker.end()).toEqual(WELL);
    expect(await status()).toMatchObject({ state: 'waiting', attempts: 0 });
  });

  test('waits no longer than --shutdown-timeout', async () => {
    const { status } = await dispatch('Talk', 'a');
    const worker = start('queue:work --shutdown-timeout=0');
    await listener.begun('a');
    worker.signal('SIGTERM');
    expect(await worker.end()).toEqual(WELL);
    expect(await status()).toMatchObject({ state: 'waiting', attempts: 0 });
  });

  test('ends a --rest at once', async () => {
    await dispatch('Mail');
    const { status } = await dispatch('Mail');
    const worker = start('queue:work --rest=3600');
    await worker.said(/ DONE$/);
    worker.signal('SIGTERM');
    expect(await worker.end()).toEqual(WELL);
    expect(await status()).toMatchObject({ state: 'waiting', attempts: 0 });
  });

  test('by queue:restart ends the worker after its job, and not one that began later', async () => {
    await artisan('queue:restart');
    const { id } = await dispatch('Talk', 'earlier');
    const worker = start('queue:work --connection=brisk');
    await listener.begun('earlier');
    await artisan(`queue:cancel ${id}`);
    await worker.said(/ CANCELLED$/); // by then it has looked again at what it is told
    const { status } = await dispatch('Talk', 'a');
    await listener.begun('a');
    await artisan('queue:restart');
    listener.answer('a');
    await worker.said(/Stopped after "queue:restart"\./);
    expect(await worker.end()).toEqual(WELL);
    expect(await status()).toMatchObject({ state: 'done' });
  });
});

test('a job that blocks its process beyond its timeout has it killed, is recorded as timed out, or goes back with its backoff while it has tries left; what ran beside it goes back uncounted, and the next worker goes on', async () => {
  const beside = await dispatch('Talk', 'beside');
  const worker = start('queue:work --concurrency=2');
  const other = start('queue:work --queue=tried --tries=2 --backoff=1h'); // beside it: each is given a second of grace
  await listener.begun('beside');
  const blocking = await dispatch('Block', 'block');
  const tried = await dispatch('Block', 'tried', { queue: 'tried' });
  for (const one of [worker, other]) {
    expect(await one.end()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(one.text).toContain(
      'The job "Block" blocked the event loop beyond its timeout of 100 ms. The worker is killed.',
    );
  }
  expect(await blocking.status()).toMatchObject({ state: 'failed', attempts: 1 });
  expect(await beside.status()).toMatchObject({ state: 'waiting', attempts: 0, crashes: 0 });
  const [failed] = await app.queues.store().failed();
  expect(failed).toMatchObject({ detail: expect.stringContaining('E_JOB_TIMEOUT') as string });
  const record = await tried.status();
  expect(record).toMatchObject({ state: 'waiting', attempts: 1, crashes: 0 });
  const { availableAt = 0, startedAt = 0 } = record ?? {};
  expect(availableAt - startedAt).toBeGreaterThanOrEqual(3_600_000);
  const next = artisan('queue:work --stop-when-empty --queue=default,tried');
  await listener.begun('beside');
  listener.answer('beside');
  const { out } = await next;
  expect(out).toMatch(/Talk \.+ .* DONE/);
  expect(out).not.toContain('Block');
});

test('queue:status --watch shows it anew until it is told to stop', async () => {
  const watching = start('queue:status --watch --json');
  await watching.said(/"queue":"default","ready":0/);
  await dispatch('Mail');
  await watching.said(/"queue":"default","ready":1/);
  watching.signal('SIGINT');
  expect(await watching.end()).toEqual(WELL);
});

test('a worker whose file does not answer any more ends with an error of its own', async () => {
  project.write(
    'app/console/commands/work.js',
    `exports.Work = class {
      static signature = { name: 'app:work', description: 'Works, and gives up soon' };
      async handle({ app, output }) {
        const { queues } = await app();
        const options = {
          queues: ['default'], concurrency: 1, tries: 1, timeoutMs: 0, backoff: 0, sleepMs: 50, shutdownMs: 0,
          once: false, stopWhenEmpty: false, unreachableMs: 1,
        };
        await queues.worker('brisk', options, (event) => output.line(event.kind)).run();
      }
    };`,
  );
  await dispatch('Mail');
  const worker = start('app:work');
  await worker.said(/^done$/);
  for (const side of ['', '-wal', '-shm']) {
    const file = join(project.path, `storage/queue.sqlite${side}`);
    renameSync(file, `${file}.away`);
    mkdirSync(file);
  }
  expect(await worker.end()).toEqual({ code: 1, signal: null });
  expect(worker.text).toContain('E_QUEUE_UNREACHABLE');
});
