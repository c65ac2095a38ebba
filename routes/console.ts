import { defineSchedule } from 'trilite';

// What runs when: "artisan schedule:list" shows it, "artisan schedule:work" runs it.
export default defineSchedule((schedule) => {
  schedule.command('db:optimize').dailyAt('03:00').withoutOverlapping();
});
