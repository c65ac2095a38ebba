import { clock } from 'trilite';
import { travelBack, travelTo } from 'trilite/testing';
import { parseInput } from '../../src/console/parse';
import { QueueWorkCommand } from '../../src/console/commands/queue-work-command';
import { readWorkOptions } from '../../src/console/work-options';
import { app, artisan, dispatch, listener, useWorkerProject } from '../helpers/worker-project';

useWorkerProject();

afterEach(() => travelBack());

type Line = Record<string, unknown>;

/** What a worker tells with --json until nothing is due. */
async function lines(options = ''): Promise<Line[]> {
  const { out } = await artisan(`queue:work --stop-when-empty --json ${options}`);
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

async function kinds(options = ''): Promise<unknown[]> {
  return (await lines(options)).map(({ kind }) => kind);
}

describe('the options of queue:work', () => {
  function read(line: string): object {
    const { options } = parseInput(QueueWorkCommand.signature, line.split(' ').filter(Boolean));
    return readWorkOptions('queue:work', options as never, { once: false, stopWhenEmpty: false });
  }

  test('have defaults', () => {
    expect(read('')).toEqual({
      once: false,
      stopWhenEmpty: false,
      concurrency: 1,
      tries: 1,
      backoff: 0,
      timeoutMs: 60_000,
      sleepMs: 3000,
      restMs: 0,
      shutdownMs: 30_000,
    });
  });

  test.each([
    ['--concurrency=4', { concurrency: 4 }],
    ['--tries=0', { tries: 0 }],
    ['--backoff=5', { backoff: [5] }],
    ['--backoff=1,2.5,10m', { backoff: [1, 2.5, '10m'] }],
    ['--timeout=0', { timeoutMs: 0 }],
    ['--sleep=1', { sleepMs: 1000 }],
    ['--rest=2', { restMs: 2000 }],
    ['--max-jobs=5', { maxJobs: 5 }],
    ['--max-time=60', { maxTimeMs: 60_000 }],
    ['--memory=128', { maxMemoryBytes: 134_217_728 }],
    ['--shutdown-timeout=0', { shutdownMs: 0 }],
    ['--name=blue-1', { name: 'blue-1' }],
  ])('%s is what the worker is asked for', (line, expected) => {
    expect(read(line)).toMatchObject(expected);
  });

  test.each(['--max-jobs=0', '--max-time=0', '--memory=0'])('%s is no limit', (line) => {
    expect(read(line)).toEqual(read(''));
  });

  test.each([
    ['--concurrency=0', 'whole number of at least 1'],
    ['--concurrency=two', 'whole number of at least 1'],
    ['--tries=-1', 'whole number of at least 0'],
    ['--backoff=soon', '"--backoff=soon" holds "soon": a step is a number of seconds'],
    ['--backoff=1,,2', '"--backoff=1,,2" holds an empty part'],
    ['--timeout=1.5', 'whole number of at least 0'],
    ['--sleep=0', 'whole number of at least 1'],
    ['--rest=-1', 'whole number of at least 0'],
    ['--max-jobs=many', 'whole number of at least 0'],
    ['--max-time=', 'whole number of at least 0'],
    ['--memory=1gb', 'whole number of at least 0'],
    ['--shutdown-timeout=x', 'whole number of at least 0'],
    ['--workers=x', 'whole number of at least 0'],
    ['--name=a/b', '"--name=a/b" is no name'],
    [`--name=${'a'.repeat(65)}`, 'is no name: it takes up to 64 letters'],
    ['--queue=a,,b', '"--queue=a,,b" holds an empty part'],
    ['--queue=a/b', '"a/b" is no queue'],
    ['sqlite --connection=other', 'it works one connection, not "sqlite" and "other"'],
    ['--unheard', "Unknown option '--unheard'"],
    ['sqlite sync', 'Too many arguments'],
  ])('%s is refused, and nothing is worked', async (line, problem) => {
    const { id } = await dispatch('Mail');
    expect(await artisan(`queue:work --stop-when-empty ${line}`)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(problem) as string,
    });
    expect(await app.queue().find(id)).toMatchObject({ state: 'waiting' });
  });

  test.each(['sync', '--connection=sync'])('%s keeps no jobs, which is said', async (line) => {
    expect(await artisan(`queue:work ${line}`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('The "sync" queue driver cannot be worked') as string,
    });
  });
});

describe('queue:work', () => {
  test('--queue takes the first queue first, and no other than those', async () => {
    const low = await dispatch('Mail', null, { queue: 'low' });
    const high = await dispatch('Mail', null, { queue: 'high' });
    const other = await dispatch('Mail', null, { queue: 'other' });
    const done = (await lines('--queue=high,low')).filter(({ kind }) => kind === 'done');
    expect(done.map(({ id }) => id)).toEqual([high.id, low.id]);
    expect(await other.status()).toMatchObject({ state: 'waiting' });
  });

  test('--name is in every line', async () => {
    await dispatch('Mail');
    const { out } = await artisan('queue:work --once --name=blue');
    expect(out).toMatch(/\[blue\] Mail \.+ RUNNING\n.*\[blue\] Mail \.+ .* DONE\n/);
    await dispatch('Mail');
    expect(await lines('--name=blue')).toEqual([
      expect.objectContaining({ name: 'blue', kind: 'running' }),
      expect.objectContaining({ name: 'blue', kind: 'done' }),
    ]);
  });

  test('--concurrency runs so many jobs at a time', async () => {
    await Promise.all(['a', 'b'].map((name) => dispatch('Talk', name)));
    const worked = lines('--concurrency=2');
    await Promise.all([listener.begun('a'), listener.begun('b')]);
    listener.answer('a');
    listener.answer('b');
    expect((await worked).map(({ kind }) => kind)).toEqual(['running', 'running', 'done', 'done']);
  });

  test('--tries lets a job that does not say run again', async () => {
    await dispatch('Break');
    expect(await kinds('--tries=2')).toEqual(['running', 'retry', 'running', 'failed']);
  });

  test('--backoff puts the next run off, the last step again and again', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    const { status } = await dispatch('Break');
    const dueIn: number[] = [];
    for (let run = 1; run <= 3; run += 1) {
      expect(await kinds('--tries=0 --backoff=10,1h')).toEqual(['running', 'retry']);
      const { availableAt = 0 } = (await status()) ?? {};
      dueIn.push(availableAt - clock.now());
      travelTo(availableAt);
    }
    expect(dueIn).toEqual([10_000, 3_600_000, 3_600_000]);
  });

  test('--timeout ends a run that does not say how long it may take, and --max-time a worker that has nothing to do as well', async () => {
    await dispatch('Sleep');
    const [[, failed], { code, out }] = await Promise.all([
      lines('--timeout=1'),
      artisan('queue:work --max-time=1 --queue=other'),
    ]);
    expect(failed).toMatchObject({
      kind: 'failed',
      message: 'The job "Sleep" ran longer than its timeout of 1000 ms.',
    });
    expect(code).toBe(0);
    expect(out).toContain('Stopped after 1 s, as long as --max-time allows.');
  });

  test('--max-jobs stops after so many, and says so', async () => {
    const jobs = [await dispatch('Mail'), await dispatch('Mail'), await dispatch('Mail')];
    const { code, out } = await artisan('queue:work --max-jobs=2');
    expect(code).toBe(0);
    expect(out).toContain('Stopped after 2 jobs, as many as --max-jobs allows.');
    const states = await Promise.all(jobs.map(async ({ status }) => (await status())?.state));
    expect(states).toEqual(['done', 'done', 'waiting']);
  });

  test('--memory stops with an exit code of its own', async () => {
    const { code, out } = await artisan('queue:work --memory=1');
    expect(code).toBe(12);
    expect(out).toContain('Stopped after more memory than the 1 MB that --memory allows.');
  });

  test('--once runs one job, or none when none is due', async () => {
    await dispatch('Mail');
    const { status } = await dispatch('Mail');
    expect((await artisan('queue:work --once')).code).toBe(0);
    expect(await status()).toMatchObject({ state: 'waiting' });
    await artisan('queue:work --once');
    const { code, out } = await artisan('queue:work --once');
    expect(code).toBe(0);
    expect(out).not.toContain('RUNNING');
  });

  test('says which queues it works, and with --jobs-only neither that nor why it stops', async () => {
    expect((await artisan('queue:work --stop-when-empty --queue=a,b')).out).toContain(
      'Processing jobs from the [a, b] queues.',
    );
    await dispatch('Mail');
    const { out } = await artisan('queue:work --max-jobs=1 --jobs-only');
    expect(out).toMatch(/^ {2}\S+ \S+ Mail \.+ RUNNING\n {2}\S+ \S+ Mail \.+ .* DONE\n$/);
  });

  test('--quiet says nothing', async () => {
    await dispatch('Break');
    expect(await artisan('queue:work --stop-when-empty --quiet')).toEqual({
      code: 0,
      out: '',
      err: '',
    });
  });

  test('leaves no listener behind in the process', async () => {
    const names = ['SIGTERM', 'SIGINT', 'SIGUSR2', 'SIGCONT', 'disconnect'];
    const count = (): number[] => names.map((name) => process.listenerCount(name));
    const before = count();
    await artisan('queue:work --stop-when-empty');
    expect(count()).toEqual(before);
  });

  test('--metrics is refused where nothing is counted', async () => {
    const { code, err } = await artisan('queue:work --stop-when-empty --metrics=0');
    expect(code).not.toBe(0);
    expect(err).toContain('--metrics needs "http: { metrics: {} }" in config/app.ts');
  });
});
