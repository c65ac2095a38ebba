import { testSnippets } from '../helpers/snippets';

/* What of a schedule compiles, and what does not. */

const HEAD = `
import { defineSchedule, type Job, type Schedule } from 'trilite';

class Report implements Job<{ id: string }> {
  async handle(payload: { id: string }): Promise<void> {}
}
class Cleanup implements Job {
  handle(): void {}
}
declare const schedule: Schedule;
`;

const COMPILES = [
  `defineSchedule((schedule) => { schedule.command('db:optimize').daily(); });`,
  `schedule.job(Report, { id: '5' }).daily();`,
  `schedule.job(Report, { id: '5' }, { queue: 'reports', connection: 'sync', delay: '5s' }).daily();`,
  `schedule.job(Cleanup).weeklyOn([1, 3], '8:00').onOneServer().whenMissed('latest');`,
  `schedule.job(Cleanup, undefined, { priority: 1 }).daily();`,
  `schedule.call('x', async ({ make, signal, dueAt }) => 'text').everyMinute().before(({ task }) => {}).after(({ exitCode }) => {});`,
  `schedule.exec('df').hourly().runInBackground().sendOutputTo('x').withoutOverlapping('1h').rerunAfterCrash();`,
];

const DOES_NOT_COMPILE = [
  `schedule.job(Report).daily();`,
  `schedule.job(Report, { id: 5 }).daily();`,
  `schedule.job(Report, { id: '5' }, { later: true }).daily();`,
  `schedule.job(class {}, undefined).daily();`,
  `schedule.job(Cleanup).withoutOverlapping();`,
  `schedule.job(Cleanup).sendOutputTo('x');`,
  `schedule.call('x', () => {}).runInBackground();`,
  `schedule.call('x').daily();`,
  `schedule.exec('df').weeklyOn(7);`,
  `schedule.exec('df').whenMissed('some');`,
];

testSnippets(HEAD, { compiles: COMPILES, doesNot: DOES_NOT_COMPILE });
