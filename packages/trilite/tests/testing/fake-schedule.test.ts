import {
  createTestApplication,
  fakeSchedule,
  travelBack,
  travelTo,
  type FakeSchedule,
  type TestApplication,
} from 'trilite/testing';
import { jobOf } from '../helpers/jobs';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

const work = jest.fn();
const Report = jobOf(work, { name: 'Report' });
const MORNING = new Date('2026-01-15T06:30:00Z');

let project: TestProject;
let app: TestApplication;
let schedule: FakeSchedule;

beforeEach(async () => {
  work.mockReset();
  travelTo(new Date('2026-01-15T06:00:00Z'));
  project = createProject({ 'config/tenancy.js': exportDefault("{ mode: 'files' }") });
  app = await createTestApplication({
    basePath: project.path,
    jobs: [Report],
    schedule: (tasks) => {
      tasks.job(Report, undefined).dailyAt('6:30').name('report');
      tasks.call('sweep', work).everyMinute();
      tasks
        .call('never', work)
        .dailyAt('6:30')
        .when(() => false);
      tasks.call('bill', work).dailyAt('6:30').perTenant();
      tasks.exec('exit 1').hourly().name('program');
    },
  });
  await app.tenancy.create({ id: 'acme' });
  schedule = fakeSchedule(app);
});

afterEach(async () => {
  travelBack();
  await app.close();
  project.remove();
});

const runAt = async (moment: Date): Promise<void> => {
  travelTo(moment);
  await schedule.runDue();
};

test('tasks that are due are noted, and do nothing', async () => {
  await runAt(MORNING);
  schedule.assertRan('report');
  schedule.assertRan('sweep');
  schedule.assertRan('bill', 'acme');
  schedule.assertNotRan('never');
  schedule.assertNotRan('program');
  schedule.assertRanTimes('sweep', 1);
  expect(() => schedule.assertRanTimes('sweeep', 0)).toThrow('"sweeep"');
  expect(work).not.toHaveBeenCalled();
  expect(await app.runJobs()).toBe(0);
});

test('a time runs once, and the next one again', async () => {
  await runAt(MORNING);
  await schedule.runDue();
  schedule.assertRanTimes('sweep', 1);
  await runAt(new Date('2026-01-15T06:31:00Z'));
  schedule.assertRanTimes('sweep', 2);
  schedule.assertRanTimes('report', 1);
});

test('what is due at a minute is told without running it', () => {
  expect(schedule.dueAt(MORNING)).toEqual(['report', 'sweep', 'never', 'bill']);
  schedule.assertDueAt('report', new Date('2026-01-15T06:30:59Z'));
  schedule.assertNotDueAt('report', new Date('2026-01-15T06:31:00Z'));
  schedule.assertScheduled('report', '30 6 * * *');
  schedule.assertNotScheduled('other');
  schedule.assertNothingRan();
});

test.each<[string, () => void, string]>([
  [
    'assertScheduled',
    () => schedule.assertScheduled('report', '0 0 * * *'),
    'it is by "30 6 * * *"',
  ],
  ['assertScheduled', () => schedule.assertScheduled('nothing'), 'nothing'],
  ['assertNotScheduled', () => schedule.assertNotScheduled('report'), 'and it is there'],
  [
    'assertDueAt',
    () => schedule.assertDueAt('report', new Date('2026-01-15T07:00:00Z')),
    'next it is at 2026-01-16T06:30:00.000Z. Due then: sweep, program.',
  ],
  ['assertNotDueAt', () => schedule.assertNotDueAt('report', MORNING), 'and it is'],
  ['assertRan', () => schedule.assertRan('never'), 'to run; ran: "report"'],
  ['assertRan', () => schedule.assertRan('bill', 'globex'), 'for tenant "globex" to run'],
  ['assertNotRan', () => schedule.assertNotRan('bill'), '"bill" for tenant "acme"'],
  ['assertRanTimes', () => schedule.assertRanTimes('sweep', 2), 'to run 2 times, found 1'],
  ['assertNothingRan', () => schedule.assertNothingRan(), 'Expected no task to run; ran: "report"'],
])('%s fails with what there was', async (_, assert, message) => {
  await runAt(MORNING);
  expect(assert).toThrow(message);
});
