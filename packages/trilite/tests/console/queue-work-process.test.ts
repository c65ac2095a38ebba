import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import {
  app,
  artisan,
  dispatch,
  listener,
  project,
  start,
  useWorkerProject,
} from '../helpers/worker-project';

/* Workers in processes of their own, of the built framework (dist/, which "npm test" makes first). */

useWorkerProject();

const WELL = { code: 0, signal: null };

describe('a stop', () => {
  test('lets the running job end, says how many there are, and ends well', async () => {
    const { status } = await dispatch('Talk', 'a');
    const worker = start('queue:work');
    await listener.begun('a');
    worker.signal('SIGTERM');
    await worker.said(/Stopping after 1 running job; a second Ctrl\+C puts it back now\./);
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

  test('by a repeated SIGTERM goes on waiting', async () => {
    const { status } = await dispatch('Talk', 'a');
    const worker = start('queue:work');
    await listener.begun('a');
    worker.signal('SIGTERM');
    await worker.said(/Stopping after 1 running job/);
    for (let times = 0; times < 10; times += 1) {
      await listener.alive('a');
      worker.signal('SIGTERM');
    }
    listener.answer('a');
    expect(await worker.end()).toEqual(WELL);
    expect(await status()).toMatchObject({ state: 'done' });
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
    const { status } = await dispatch('Talk', 'a');
    const worker = start('queue:work');
    await listener.begun('a');
    await artisan('queue:restart');
    listener.answer('a');
    await worker.said(/Stopped after "queue:restart"\./);
    expect(await worker.end()).toEqual(WELL);
    expect(await status()).toMatchObject({ state: 'done' });
    await dispatch('Mail');
    await start('queue:work').said(/ DONE$/);
  });
});

test('SIGUSR2 has a worker claim nothing until SIGCONT, and its running job goes on', async () => {
  await dispatch('Talk', 'a');
  const worker = start('queue:work');
  await listener.begun('a');
  await worker.said(/Talk \.+ RUNNING$/);
  worker.signal('SIGUSR2');
  await worker.said(/Worker \.+ PAUSED$/);
  listener.answer('a');
  await worker.said(/Talk \.+ .* DONE$/);
  await dispatch('Talk', 'b');
  worker.signal('SIGCONT');
  await worker.said(/Worker \.+ RESUMED$/);
  await worker.said(/Talk \.+ RUNNING$/); // the lines may come later than the job itself speaks
  expect(worker.text.indexOf('RESUMED')).toBeLessThan(worker.text.lastIndexOf('RUNNING'));
});

test('queue:pause reaches a worker that runs, and queue:resume has it go on', async () => {
  await artisan('queue:pause default');
  await dispatch('Talk', 'a');
  await dispatch('Talk', 'open', { queue: 'open' });
  const worker = start('queue:work --queue=default,open');
  await listener.begun('open'); // and not 'a', whose turn it was
  listener.answer('open');
  await artisan('queue:pause');
  await worker.said(/ DONE$/);
  await artisan('queue:resume');
  await listener.begun('a');
});

test('queue:cancel ends a running job, which is not run again', async () => {
  const { id, status } = await dispatch('Talk', 'a');
  const worker = start('queue:work --tries=5');
  await listener.begun('a');
  expect((await artisan(`queue:cancel ${id}`)).out).toContain('IS TOLD TO STOP');
  await worker.said(/Talk \.+ .* CANCELLED$/);
  expect(await status()).toMatchObject({ state: 'cancelled' });
});

test('--name is who queue:show says runs the job', async () => {
  const { id } = await dispatch('Talk', 'a');
  const worker = start('queue:work --name=blue');
  const { pid } = await listener.begun('a');
  expect(pid).toBe(worker.pid);
  expect((await artisan(`queue:show ${id}`)).out).toMatch(
    new RegExp(`Worker \\.+ blue, pid ${pid}\n`),
  );
  await worker.kill();
  expect((await artisan(`queue:show ${id}`)).out).toContain(`blue, pid ${pid}, gone\n`);
});

describe('a job that blocks its process beyond its timeout', () => {
  test('is recorded as timed out, what ran beside it goes back uncounted, and the next worker goes on', async () => {
    const beside = await dispatch('Talk', 'beside');
    const worker = start('queue:work --concurrency=2');
    await listener.begun('beside');
    const blocking = await dispatch('Block', 'block');
    expect(await worker.end()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(worker.text).toContain(
      'The job "Block" blocked the event loop beyond its timeout of 100 ms. The worker is killed.',
    );
    expect(await blocking.status()).toMatchObject({ state: 'failed', attempts: 1 });
    expect(await beside.status()).toMatchObject({ state: 'waiting', attempts: 0, crashes: 0 });
    const [failed] = await app.queues.store().failed();
    expect(failed).toMatchObject({ detail: expect.stringContaining('E_JOB_TIMEOUT') as string });
    const next = start('queue:work');
    await listener.begun('beside');
    listener.answer('beside');
    await next.said(/Talk \.+ .* DONE/);
  });

  test('goes back with its backoff while it has tries left', async () => {
    const { status } = await dispatch('Block', 'block');
    const worker = start('queue:work --tries=2 --backoff=1h');
    expect(await worker.end()).toEqual({ code: null, signal: 'SIGKILL' });
    const record = await status();
    expect(record).toMatchObject({ state: 'waiting', attempts: 1, crashes: 0 });
    const { availableAt = 0, startedAt = 0 } = record ?? {};
    expect(availableAt - startedAt).toBeGreaterThanOrEqual(3_600_000);
    expect((await artisan('queue:work --stop-when-empty')).out).not.toContain('RUNNING');
  });
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
        await queues.worker('sqlite', options, (event) => output.line(event.kind)).run();
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
