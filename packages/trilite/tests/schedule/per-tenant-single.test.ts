import { jobOf } from '../helpers/jobs';
import {
  appWithTenants,
  centralRunsOf,
  runDueAt,
  sharedRunsOf,
  told,
  useTenantSchedule,
} from '../helpers/tenant-schedule';

useTenantSchedule('single');

const IDS = ['acme', 'globex', 'initech'];

test('a task is run for each tenant once, in the work of each', async () => {
  const whose: (string | undefined)[] = [];
  const app = await appWithTenants(IDS, (schedule) => {
    schedule
      .call('note', () => void whose.push(app.tenancy.current()?.id))
      .everyMinute()
      .perTenant({ concurrency: 1 })
      .withoutOverlapping();
  });
  await runDueAt(app, 0);
  await runDueAt(app, 0);
  expect(whose).toEqual(IDS);
  for (const id of IDS) expect(await sharedRunsOf(app, id, 'note')).toEqual(['0: done']);
  expect(await centralRunsOf(app, 'note')).toEqual(['0: done']);
  expect(told().filter((word) => word.startsWith('error'))).toEqual([]);
});

test('a job is dispatched for each tenant, and is the tenant’s', async () => {
  const job = jobOf(() => undefined);
  const app = await appWithTenants(
    IDS,
    (schedule) => {
      schedule.job(job, { of: 'noon' }).everyMinute().perTenant({ concurrency: 1 });
    },
    [job],
  );
  await runDueAt(app, 0);
  const claimed = await app.queues
    .store()
    .claim({ queues: ['default'], limit: 9, owner: 'me', leaseMs: 1000 });
  expect(claimed.map(({ tenantId }) => tenantId).sort()).toEqual(IDS);
});

test('a tenant that is purged leaves no run behind, and the others keep theirs', async () => {
  const app = await appWithTenants(IDS, (schedule) => {
    schedule
      .call('note', () => undefined)
      .everyMinute()
      .perTenant({ concurrency: 1 });
  });
  await runDueAt(app, 0);
  await app.tenancy.delete('acme');
  await app.tenancy.purge('acme');
  expect(await sharedRunsOf(app, 'acme', 'note')).toEqual([]);
  expect(await sharedRunsOf(app, 'globex', 'note')).toEqual(['0: done']);
});
