import { runStorm } from '../crash/storm';

// The long form: npm run storm -w trilite
test('while workers and dispatchers are killed again and again, no committed job is lost, and none runs that was rolled back', async () => {
  const report = await runStorm({ orders: 400, workers: 3, dispatchers: 2, killEveryMs: 300 });
  expect(report).toMatchObject({ lost: [], ghosts: [], unexplained: [], unended: 0, failed: 0 });
  expect(report.complaints).toBe('');
  expect(report.workersKilled + report.dispatchersKilled).toBeGreaterThan(0);
});
