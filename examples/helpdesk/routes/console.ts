import { defineSchedule } from 'trilite';
import { BuildReport } from '../app/jobs/build-report';

// What runs when: "artisan schedule:list" shows it, "artisan schedule:work" runs it.
export default defineSchedule((schedule) => {
  // Reports are about the day before: one that was missed while nobody scheduled is built late.
  schedule.job(BuildReport).dailyAt('00:10').perTenant().whenMissed('latest');
  schedule.command('db:optimize').weekly().perTenant().withoutOverlapping();
  schedule.command('session:prune').daily().perTenant();
});
