import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CacheRepository } from 'trilite';
import { gate } from '../helpers/gate';
import {
  MINUTE,
  NOON,
  appWith,
  events,
  runDueAt,
  runsOf,
  schedulerOf,
  useSchedule,
} from '../helpers/schedule';

useSchedule();

const textOf = (path: string): string => readFileSync(path, 'utf8');

function outcomeOf(name: string) {
  const event = events.find((one) => 'outcome' in one && one.run.task.name === name);
  return event !== undefined && 'outcome' in event ? event.outcome : undefined;
}

test('a called function makes what it needs, and its text is its output', async () => {
  const app = await appWith((schedule) =>
    schedule
      .call('heartbeat', async ({ make }) => {
        await make(CacheRepository).put('beat', 1);
        return 'beaten\n';
      })
      .everyMinute()
      .appendOutputTo('storage/logs/beat.txt'),
  );
  await runDueAt(app, NOON);
  await runDueAt(app, NOON + MINUTE);
  expect(await app.make(CacheRepository).get('beat')).toBe(1);
  expect(textOf(join(app.basePath, 'storage/logs/beat.txt'))).toBe('beaten\nbeaten\n');
});

test('a command runs in this application, and what it prints goes into the file', async () => {
  const app = await appWith((schedule) =>
    schedule
      .command('db:optimize --connection="queue"')
      .everyMinute()
      .sendOutputTo('storage/logs/optimize.txt'),
  );
  await runDueAt(app, NOON);
  await runDueAt(app, NOON + MINUTE);
  const text = textOf(join(app.basePath, 'storage/logs/optimize.txt'));
  expect(text.match(/Statistics/g)).toHaveLength(1);
  expect(outcomeOf('db:optimize --connection="queue"')).toMatchObject({
    state: 'done',
    exitCode: 0,
  });
});

test('a command that ends with another code has failed, and says why', async () => {
  const app = await appWith((schedule) => schedule.command('db:optimize --nonsense').everyMinute());
  await runDueAt(app, NOON);
  const [run] = await app.schedule.store.runs('db:optimize --nonsense', 1);
  expect(run).toMatchObject({
    state: 'failed',
    exitCode: 2,
    message: expect.stringMatching(/ended with exit code 2: .*db:optimize/) as string,
  });
});

test('a program runs in the shell, in the folder of the application', async () => {
  const app = await appWith((schedule) =>
    schedule.exec('pwd; echo wrong >&2; exit 3').everyMinute().sendOutputTo('storage/logs/x.txt'),
  );
  await runDueAt(app, NOON);
  expect(outcomeOf('pwd; echo wrong >&2; exit 3')).toMatchObject({
    state: 'failed',
    exitCode: 3,
    error: { code: 'E_SCHEDULE_TASK_FAILED', message: expect.stringContaining('exit code 3') },
  });
  expect(textOf(join(app.basePath, 'storage/logs/x.txt'))).toContain(app.basePath);
});

test('an output file that cannot be written fails the run', async () => {
  const app = await appWith((schedule) =>
    schedule.exec('true').everyMinute().sendOutputTo('package.json/x'),
  );
  await runDueAt(app, NOON);
  expect(outcomeOf('true')?.state).toBe('failed');
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('output that the disk does not take fails its run, and no other', async () => {
  const app = await appWith((schedule) => {
    schedule.exec('echo lost; exit 0').name('program').everyMinute().sendOutputTo('/dev/full');
    schedule.command('version').everyMinute().sendOutputTo('/dev/full');
    schedule.call('next', () => undefined).everyMinute();
  });
  await runDueAt(app, NOON);
  for (const name of ['program', 'version']) {
    expect(outcomeOf(name)).toMatchObject({
      state: 'failed',
      exitCode: 0,
      error: { code: 'ENOSPC' },
    });
  }
  expect(outcomeOf('program')?.output).toBe('lost\n');
  expect(outcomeOf('next')?.state).toBe('done');
});

test('what runs in the background holds up no other task', async () => {
  const app = await appWith((schedule) => {
    schedule
      .exec('until [ -e storage/go ]; do :; done; echo went')
      .name('waits')
      .everyMinute()
      .runInBackground();
    schedule.exec('touch storage/go').name('goes').everyMinute();
  });
  await runDueAt(app, NOON);
  expect(outcomeOf('waits')).toMatchObject({ state: 'done', output: 'went\n' });
  expect(existsSync(join(app.basePath, 'storage/go'))).toBe(true);
});

test('a command in the background is a process of its own', async () => {
  const app = await appWith((schedule) =>
    schedule.command('version').everyMinute().runInBackground(),
  );
  const bin = join(__dirname, '../../dist/artisan.js');
  const text = `require(${JSON.stringify(bin)}).runArtisan(__dirname); console.log('pid', process.pid);`;
  writeFileSync(join(app.basePath, 'artisan.js'), text);
  await runDueAt(app, NOON);
  const outcome = outcomeOf('version');
  expect(outcome).toMatchObject({ state: 'done', exitCode: 0 });
  expect(outcome?.output).toMatch(/pid \d+/);
  expect(outcome?.output).not.toContain(`pid ${process.pid}\n`);
});

test('a program, and what it started, ends with the scheduler', async () => {
  const begun = gate();
  const app = await appWith((schedule) =>
    schedule.exec('sleep 600 & wait').name('long').everyMinute(),
  );
  const scheduler = app.scheduler(({ kind }) => {
    if (kind === 'running') begun.open();
  });
  const ended = scheduler.run();
  await begun.opened;
  scheduler.stopNow();
  await ended;
  expect(await app.schedule.store.runs('long', 1)).toMatchObject([
    { state: 'failed', message: 'The scheduler stopped before the task was done.' },
  ]);
});

test('a run by hand is recorded nowhere', async () => {
  const app = await appWith((schedule) =>
    schedule.call('task', ({ dueAt }) => String(dueAt)).daily(),
  );
  const outcome = await app.schedule.runNow(
    app.schedule.find('task'),
    new AbortController().signal,
    () => undefined,
  );
  expect(outcome).toMatchObject({ state: 'done', output: 'undefined' });
  expect(await app.schedule.store.runs('task', 1)).toEqual([]);
  expect(schedulerOf(app).runningTasks).toBe(0);
});

test('a lock against overlaps that could not be given back at the end of a run keeps the next one from nothing', async () => {
  const app = await appWith((schedule) =>
    schedule
      .call('task', () => undefined)
      .everyMinute()
      .withoutOverlapping(),
  );
  await app.connections.connection('queue').write((handle) =>
    handle.exec(`
      create table releases (at integer);
      create trigger no_first_release before delete on locks begin
        insert into releases values (1);
        select case when (select count(*) from releases) = 1 then raise(fail, 'no') end;
      end`),
  );
  await runDueAt(app, NOON);
  await runDueAt(app, NOON + MINUTE);
  expect(await runsOf(app, 'task')).toEqual(['0: done', '1: done']);
});
