import { createTestApplication, type TestApplication } from 'trilite/testing';
import type { JobClass } from '../../src/queue/job';
import type { ScheduleFile } from '../../src/schedule/schedule';
import { jobOf } from '../helpers/jobs';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication | undefined;

beforeEach(() => {
  project = createProject();
});

afterEach(async () => {
  await app?.close();
  app = undefined;
  project.remove();
});

async function boot(schedule?: ScheduleFile, jobs: readonly JobClass[] = []) {
  const differences = schedule === undefined ? {} : { schedule };
  app = await createTestApplication({ basePath: project.path, jobs, ...differences });
  return app;
}

const TestJob = jobOf(() => undefined);

test('routes/console.ts declares the tasks, and those of the option follow', async () => {
  project.write(
    'routes/console.js',
    exportDefault(`(schedule) => {
      schedule.timezone('Europe/Vienna');
      schedule.command('db:optimize --connection=queue').daily();
      schedule.exec('df -h').hourly().timezone('UTC');
    }`),
  );
  const { schedule } = await boot(
    (inPlace) => {
      inPlace.call('ping', () => undefined).everyMinute();
      inPlace.job(TestJob, 'x').everyMinute().name('test job');
    },
    [TestJob],
  );
  expect(
    schedule.tasks.map(({ name, what, timezone, action }) => [name, what, timezone, action.kind]),
  ).toEqual([
    [
      'db:optimize --connection=queue',
      'db:optimize --connection=queue',
      'Europe/Vienna',
      'command',
    ],
    ['df -h', 'df -h', 'UTC', 'exec'],
    ['ping', 'ping', 'UTC', 'call'],
    ['test job', 'TestJob', 'UTC', 'job'],
  ]);
  expect(schedule.find('ping').name).toBe('ping');
});

test('without a schedule there are no tasks', async () => {
  expect((await boot()).schedule.tasks).toEqual([]);
});

test('a file that exports something else is refused at boot', async () => {
  project.write('routes/console.js', exportDefault('{}'));
  await expect(boot()).rejects.toMatchObject({
    code: 'E_SCHEDULE_INVALID',
    message: 'The file "routes/console.ts" exports no schedule.',
  });
});

test('every mistake is told at once at boot, with the task and its file', async () => {
  project.write(
    'routes/console.js',
    exportDefault(`(schedule) => {
      schedule.command('db:optimise').dailyAt('3 Uhr');
      schedule.exec('df').hourly();
      schedule.exec('df').daily();
    }`),
  );
  await expect(boot()).rejects.toMatchObject({
    code: 'E_SCHEDULE_INVALID',
    message: [
      'The schedule is not valid.',
      '  routes/console.ts  "db:optimise" has the time "3 Uhr"; expected one such as "13:00"',
      '  routes/console.ts  "db:optimise" runs the command "db:optimise", which is not there; did you mean "db:optimize"?',
      '  routes/console.ts  "df" has a name that another task has; give it one by name()',
    ].join('\n'),
    help: expect.stringContaining('routes/console.ts') as string,
  });
});

const Unknown = jobOf(() => undefined, { name: 'Unknown' });

test.each<[string, ScheduleFile, RegExp]>([
  [
    'a job that no file exports',
    (schedule) => schedule.job(Unknown, 1).daily(),
    /"Unknown" cannot be dispatched: The job "Unknown" is not known/,
  ],
  [
    'a payload that cannot be stored',
    (schedule) => schedule.job(TestJob, () => undefined).daily(),
    /"TestJob" cannot be dispatched: .*function/,
  ],
  [
    'an unknown queue connection',
    (schedule) => schedule.job(TestJob, 1, { connection: 'redis' }).daily(),
    /queue connection "redis", which is not declared/,
  ],
  [
    'a queue that cannot be named so',
    (schedule) => schedule.job(TestJob, 1, { queue: 'a b' }).daily(),
    /cannot be dispatched: .*`a b`/,
  ],
  [
    'a wrong delay',
    (schedule) => schedule.job(TestJob, 1, { delay: 'soon' }).daily(),
    /cannot be dispatched: .*soon/,
  ],
  ['an empty line', (schedule) => schedule.exec(' ').daily(), /has no line to run/],
  [
    'an empty span without overlapping',
    (schedule) => schedule.exec('df').daily().withoutOverlapping('0s'),
    /keeps others out for "0s"/,
  ],
  [
    'a task per tenant where there are none',
    (schedule) => schedule.exec('df').daily().perTenant(),
    /"df" is run for each tenant, and there are none; see "mode" in config\/tenancy\.ts/,
  ],
  [
    'a jitter that is no span',
    (schedule) => schedule.exec('df').daily().perTenant({ jitter: 'a bit' }),
    /spreads its runs over "a bit"/,
  ],
  [
    'no tenant at a time',
    (schedule) => schedule.exec('df').daily().perTenant({ concurrency: 0 }),
    /runs for 0 tenants at a time/,
  ],
  [
    'one file for the output of all tenants',
    (schedule) => schedule.exec('df').daily().perTenant().sendOutputTo('df.txt'),
    /the output of all tenants to one file; put "\{tenant\}"/,
  ],
  [
    'a command of tenants in the background',
    (schedule) => schedule.command('list').daily().perTenant().runInBackground(),
    /runs in the background; commands of tenants/,
  ],
])('%s is refused at boot', async (_name, schedule, message) => {
  await expect(boot(schedule, [TestJob])).rejects.toMatchObject({
    code: 'E_SCHEDULE_INVALID',
    message: expect.stringMatching(message) as string,
  });
});

test('a task of another name is refused with those there are', async () => {
  const { schedule } = await boot((inPlace) => inPlace.call('ping', () => undefined).daily());
  expect(() => schedule.find('pong')).toThrow(
    expect.objectContaining({
      code: 'E_SCHEDULE_TASK_UNKNOWN',
      message: 'The schedule has no task "pong"; there are: "ping".',
    }),
  );
  await expect(schedule.pause('pong')).rejects.toMatchObject({ code: 'E_SCHEDULE_TASK_UNKNOWN' });
});
