import { MINUTE, NOON, appWith, runDueAt, runsOf, useSchedule } from '../helpers/schedule';

useSchedule();

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  ['latest', 'daily', 23 * HOUR],
  ['latest', 'yearly', 300 * DAY],
  ['all', 'hourly', 6 * DAY],
] as const)(
  'with "%s", %s, a server that was down makes up for no run that another one has run',
  async (policy, frequency, downMs) => {
    const app = await appWith((schedule) => {
      const task = schedule.call('task', () => undefined).onOneServer();
      if (frequency === 'hourly') task.hourly().whenMissed(policy);
      else if (frequency === 'daily') task.dailyAt('12:00').whenMissed(policy);
      else task.cron('0 12 15 1 *').whenMissed(policy);
    });
    await runDueAt(app, NOON);
    expect(await runsOf(app, 'task')).toEqual(['0: done']);
    // Another one: it shares the locks, remembers nothing of that run, and was there before
    await app.connections.connection('queue').write((handle) => {
      handle.exec("update locks set owner = 'another server'");
      handle.exec('delete from schedule_runs');
      handle.exec(`update schedule_tasks set seen_until = ${NOON - HOUR}`);
    });
    await runDueAt(app, NOON + downMs);
    expect((await runsOf(app, 'task'))[0]).toBe('0: skipped');
  },
);
