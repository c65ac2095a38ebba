import { join } from 'node:path';
import { travel, travelTo } from 'trilite/testing';
import {
  app,
  artisan,
  dispatch,
  failed,
  failedIds,
  jobs,
  json,
  pending,
  project,
  startInProduction,
  stateOf,
  useQueueProject,
  work,
} from '../helpers/queue-project';

useQueueProject();

describe('queue:clear', () => {
  test('removes the waiting jobs of the default queue, delayed ones too, and of no other', async () => {
    await dispatch('Mail');
    await app.queue().dispatch(jobs.Mail, null, { delay: '1h' });
    const other = await dispatch('Break');
    expect((await artisan('queue:clear')).out).toMatch(/default \.+ 2 jobs removed/);
    expect(await stateOf(other.id)).toBe('waiting');
    expect((await artisan('queue:clear --queue=default,breaking')).out).toMatch(
      /default \.+ 0 jobs removed\n.*breaking \.+ 1 job removed/,
    );
  });

  test('asks in production', async () => {
    await startInProduction();
    const { id } = await dispatch('Mail');
    expect((await artisan('queue:clear')).code).toBe(2);
    expect(await stateOf(id)).toBe('waiting');
    expect((await artisan('queue:clear --force')).code).toBe(0);
    expect(await stateOf(id)).toBe(undefined);
  });
});

describe('queue:status', () => {
  test('shows every queue, those too that only a job class names', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    await dispatch('Mail');
    await work();
    await failed();
    await dispatch('Mail');
    await app.queue().dispatch(jobs.Mail, null, { delay: '1h' });
    travel('2m');
    const { value } = await json('queue:status');
    const breaking = { ready: 0, failed: 1, failedLastHour: 1, oldestAgeMs: null };
    const standard = { ready: 1, delayed: 1, running: 0, oldestAgeMs: 120_000, doneLastHour: 1 };
    expect(value).toEqual([
      expect.objectContaining({ queue: 'breaking', ...breaking, runtimeP50Ms: null }),
      expect.objectContaining({ queue: 'default', ...standard, runtimeP50Ms: expect.any(Number) }),
    ]);
    const { out } = await artisan('queue:status');
    expect(out).toMatch(/default +│ 1 +│ 1 +│ 0 +│ 0 +│ 2m /);
    await artisan('queue:pause default');
    expect((await artisan('queue:status')).out).toContain('default PAUSED');
  });
});

describe('queue:monitor', () => {
  test('fails when more jobs are due than may be, delayed ones uncounted', async () => {
    await dispatch('Mail');
    await app.queue().dispatch(jobs.Mail, null, { delay: '1h' });
    expect(await artisan('queue:monitor --max=1')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/default \.+ 1 due, the oldest for .* OK\n/),
    });
    expect((await artisan('queue:monitor')).code).toBe(0);
    expect(await artisan('queue:monitor --max=0')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/breaking \.+ 0 due OK\n.*default \.+ 1 due, .* BUSY\n/),
    });
  });

  test('looks at the queues that it is told alone', async () => {
    await dispatch('Mail');
    const { code, value } = await json('queue:monitor breaking,unheard --max=0');
    expect(code).toBe(0);
    expect(value).toMatchObject({
      connection: 'sqlite',
      max: 0,
      queues: [
        { queue: 'breaking', size: 0, isBusy: false },
        { queue: 'unheard', size: 0, isBusy: false },
      ],
    });
    expect((await artisan('queue:monitor breaking,,default')).code).toBe(2);
  });

  test('tells listeners of the application which queue is busy', async () => {
    project.write(
      'app/console/commands/listen.js',
      `exports.Listen = class {
        static signature = { name: 'app:listen', description: 'Monitors, and says what it heard' };
        async handle({ app, commands, output }) {
          const booted = await app();
          booted.queues.events.listen((event) => output.line(JSON.stringify(event)));
          const { QueueMonitorCommand } = require(${JSON.stringify(join(__dirname, '../../src/console/commands/queue-monitor-command'))});
          const quiet = { line() {}, twoColumn() {}, colors: output.colors, json() {} };
          await new QueueMonitorCommand().handle({ app, output: quiet, arguments: {}, options: { max: 0, json: true } });
        }
      };`,
    );
    await dispatch('Mail');
    const { out } = await artisan('app:listen');
    expect(JSON.parse(out)).toEqual({
      connection: 'sqlite',
      kind: 'busy',
      queue: 'default',
      size: 1,
    });
  });
});

describe('queue:show', () => {
  test('shows a job that was done after a bad run, and what it left', async () => {
    const { id } = await dispatch('Wordy', { order: 7, at: new Date(0) });
    await artisan('queue:work --stop-when-empty --name=blue');
    const { code, out } = await artisan(`queue:show ${id}`);
    expect(code).toBe(0);
    expect(out).toMatch(/Wordy \.+ DONE\n/);
    expect(out).toMatch(/Runs begun \.+ 2\n/);
    expect(out).toMatch(new RegExp(`Worker \\.+ blue, pid ${process.pid}\n`));
    expect(out).toMatch(/Tags \.+ order:7\n/);
    expect(out).toContain('{ order: 7, at: 1970-01-01T00:00:00.000Z }');
    expect(out).toMatch(
      new RegExp(`#1 .* blue, pid ${process.pid} .* FAIL, RETRIED\n {4}Too early\n`),
    );
    expect(out.match(/Z Looks at 7\n/g)).toHaveLength(2);
  });

  test('shows why a job failed, with its stack, and its unique key', async () => {
    const id = await failed('Once');
    const { out } = await artisan(`queue:show ${id}`);
    expect(out).toMatch(/Once \.+ FAILED\n/);
    expect(out).toMatch(/Unique key \.+ Once/);
    expect(out).toMatch(/Error\n {4}Error: Not yet\n {8}at Once\.handle .*jobs\.js/);
  });

  test('shows a job that waits, and when it is due', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    const { id } = await app.queue().dispatch(jobs.Mail, ['a'], { delay: '1h' });
    const { out } = await artisan(`queue:show ${id}`);
    expect(out).toMatch(/Due \.+ 2026-01-01T01:00:00.000Z\n/);
    expect(out).toContain('Payload\n    [\n      "a"\n    ]\n');
    expect(out).not.toMatch(/Worker|Ended|Progress|Error|Runs that/);
  });

  test('prints the same as JSON', async () => {
    const { id } = await dispatch('Wordy', { order: 7, at: new Date(0) });
    await work();
    expect((await json(`queue:show ${id}`)).value).toMatchObject({
      id,
      found: true,
      state: 'done',
      attempts: 2,
      payload: { order: 7, at: { $: 'date', v: 0 } },
      worker: `pid ${process.pid}`,
      badRuns: [{ attempt: 1, outcome: 'released', message: 'Too early' }],
      lines: [{ text: 'Looks at 7' }, { text: 'Looks at 7' }],
    });
  });

  test('lets no payload steer the terminal', async () => {
    const { id } = await dispatch('Mail', '\u009b2J');
    expect((await artisan(`queue:show ${id}`)).out).toContain('"\\u009b2J"');
  });

  test('fails where there is none', async () => {
    expect(await artisan('queue:show 01ABC')).toMatchObject({
      code: 1,
      out: expect.stringContaining('The queue connection "sqlite" knows no job "01ABC".'),
    });
    expect(await json('queue:show 01ABC')).toEqual({
      code: 1,
      value: { id: '01ABC', found: false },
    });
  });
});

describe('queue:cancel', () => {
  test('cancels what waits, and says what has ended and what is not there', async () => {
    const done = await dispatch('Mail');
    await work();
    const waiting = await dispatch('Mail');
    const { code, out } = await artisan(`queue:cancel ${waiting.id} ${done.id} 01ABC`);
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`${waiting.id} \\.+ CANCELLED\n`));
    expect(out).toMatch(new RegExp(`${done.id} \\.+ HAS ENDED: DONE\n`));
    expect(out).toMatch(/01ABC \.+ NO JOB HAS THIS ID\n/);
    expect(await stateOf(waiting.id)).toBe('cancelled');
  });

  test('tells a running one to stop', async () => {
    const { id } = await dispatch('Mail');
    const store = app.queues.store();
    await store.claim({ queues: ['default'], limit: 1, owner: 'me', leaseMs: 60_000 });
    expect(await artisan(`queue:cancel ${id}`)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\.+ IS TOLD TO STOP\n/),
    });
    expect(await store.signals('me')).toMatchObject({ cancelled: [id] });
  });
});

describe('queue:batch', () => {
  test('shows a batch, with the ids of its failed jobs', async () => {
    const batch = await app
      .queue()
      .batch([pending('Break'), pending('Mail')], { name: 'Import', allowFailures: true });
    await work();
    const [id] = await failedIds();
    const { code, out } = await artisan(`queue:batch ${batch.id}`);
    expect(code).toBe(0);
    expect(out).toMatch(/Import \.+ ENDED\n/);
    expect(out).toMatch(/Jobs \.+ 2, 100 % have ended\n/);
    expect(out).toMatch(new RegExp(`${id} \\.+ FAILED\n`));
    expect((await json(`queue:batch ${batch.id}`)).value).toMatchObject({
      id: batch.id,
      found: true,
      total: 2,
      done: 1,
      failed: 1,
      cancelledAt: null,
      failedIds: [id],
    });
  });

  test('--cancel has its waiting jobs never begin, and fails once it has ended', async () => {
    const batch = await app.queue().batch([pending('Mail')]);
    expect(await artisan(`queue:batch ${batch.id} --cancel`)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/ CANCELLED\n/),
    });
    await work();
    expect(await batch.status()).toMatchObject({ done: 0, cancelled: 1 });
    expect(await artisan(`queue:batch ${batch.id} --cancel`)).toMatchObject({
      code: 1,
      out: expect.stringContaining('It was not going on.'),
    });
  });

  test('fails where there is none', async () => {
    expect(await artisan('queue:batch 01ABC')).toMatchObject({
      code: 1,
      out: expect.stringContaining('There is no batch "01ABC".'),
    });
    expect(await json('queue:batch 01ABC')).toEqual({
      code: 1,
      value: { id: '01ABC', found: false },
    });
  });
});

describe('queue:pause and queue:resume', () => {
  test('a paused queue is not worked until it is resumed', async () => {
    const { id } = await dispatch('Mail');
    expect((await artisan('queue:pause default')).out).toContain('The queue "default" is paused.');
    await work();
    expect(await stateOf(id)).toBe('waiting');
    expect((await artisan('queue:resume default')).out).toContain('The queue "default" goes on.');
    await work();
    expect(await stateOf(id)).toBe('done');
    expect((await artisan('queue:resume default')).out).toContain('was not paused');
  });

  test('without a queue, every one is', async () => {
    const [mail, broken] = [await dispatch('Mail'), await dispatch('Break')];
    expect((await artisan('queue:pause')).out).toContain('Every queue of "sqlite" is paused.');
    await work();
    expect([await stateOf(mail.id), await stateOf(broken.id)]).toEqual(['waiting', 'waiting']);
    expect(await artisan('queue:resume default')).toMatchObject({
      code: 1,
      out: expect.stringContaining('Every queue of "sqlite" is paused.'),
    });
    expect((await artisan('queue:resume')).out).toContain('Every queue of "sqlite" goes on.');
    await work();
    expect(await stateOf(mail.id)).toBe('done');
  });

  test('--for lets a pause end by itself, which is none then', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    const { id } = await dispatch('Mail');
    expect((await artisan('queue:pause default --for=10m')).out).toContain(
      'is paused until 2026-01-01T00:10:00.000Z.',
    );
    travel('10m');
    await work();
    expect(await stateOf(id)).toBe('done');
    expect((await artisan('queue:resume default')).out).toContain('was not paused');
  });

  test.each(['--for=soon', '--for=0s', '--for=10', '"a queue"', 'a,b'])(
    '%s is refused',
    async (line) => {
      expect((await artisan(`queue:pause ${line}`)).code).toBe(2);
    },
  );

  test('warns of a queue that nobody knows', async () => {
    expect((await artisan('queue:pause mial')).out).toContain('No job of "mial" is there');
    expect((await artisan('queue:pause breaking')).out).not.toContain('is there');
  });
});

describe('queue:restart', () => {
  test('is kept for the workers of every connection with a file', async () => {
    const store = app.queues.store();
    expect(await store.signals('me')).toMatchObject({ restartAt: undefined });
    expect(await artisan('queue:restart')).toMatchObject({
      code: 0,
      out: expect.stringContaining('The workers of "sqlite" stop after the jobs they run.'),
    });
    expect(await store.signals('me')).toMatchObject({ restartAt: expect.any(Number) });
  });
});

describe('a command of the queue', () => {
  const lines = [
    'queue:batch 01ABC',
    'queue:cancel 01ABC',
    'queue:clear',
    'queue:failed',
    'queue:flush',
    'queue:forget 01ABC',
    'queue:monitor',
    'queue:pause',
    'queue:prune-failed',
    'queue:restart',
    'queue:resume',
    'queue:retry all',
    'queue:show 01ABC',
    'queue:status',
  ];

  test.each(lines)('%s names the connections there are when it is told another', async (line) => {
    expect(await artisan(`${line} --connection=redis`)).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        'The queue connection "redis" is not declared; there are: sqlite, ',
      ),
    });
  });

  test.each(lines)('%s says of which connections it sees nothing', async (line) => {
    for (const connection of ['sync', 'none', 'memory', 'safe']) {
      expect(await artisan(`${line} --connection=${connection}`)).toMatchObject({
        code: 1,
        err: expect.stringContaining('E_QUEUE_UNSUPPORTED'),
      });
    }
  });
});
