import { travel, travelTo } from 'trilite/testing';
import { runCheck, type Finding } from '../../../src/console/doctor/check';
import { judgeLease, judgeWaiting, queueChecks } from '../../../src/console/doctor/queue-checks';
import {
  app,
  artisan,
  dispatch,
  failed,
  jobs,
  startInProduction,
  useQueueProject,
} from '../../helpers/queue-project';

useQueueProject();

/** What the doctor finds of a queue. */
async function finding(name: string): Promise<Finding> {
  const check = queueChecks(app).find((one) => one.name.startsWith(name));
  if (check === undefined) throw new Error(`There is no check "${name}".`);
  return runCheck(check);
}

describe('the lease', () => {
  test('warns when its renewal may come too late, and when nobody takes over for long', () => {
    expect(judgeLease(90_000, 5000, 'lease').status).toBe('ok');
    expect(judgeLease(8000, 5000, 'lease')).toMatchObject({
      status: 'warn',
      mend: 'Raise lease to at least "10s".',
    });
    expect(judgeLease(3_600_000, 5000, 'lease').status).toBe('warn');
  });
});

describe('waiting jobs', () => {
  test('are well for five minutes, then somebody is to work them', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    await dispatch('Mail');
    await app.queue().dispatch(jobs.Mail, null, { delay: '1h' });
    travel('5m');
    expect((await finding('Waiting jobs')).status).toBe('ok');
    travel('2m');
    expect(await finding('Waiting jobs')).toMatchObject({
      status: 'warn',
      message: '"default" has 1 due, the oldest for 7m.',
      mend: expect.stringContaining('"artisan queue:work"') as string,
    });
  });

  test('of a paused queue wait for its end', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    await dispatch('Mail');
    await artisan('queue:pause default');
    travel('7m');
    expect(await finding('Waiting jobs')).toMatchObject({
      status: 'warn',
      message: '"default" has 1 due, the oldest for 7m, and it is paused.',
      mend: 'Run "artisan queue:resume".',
    });
  });

  test('beside running ones are said to be', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    await dispatch('Mail');
    await dispatch('Mail');
    const store = app.queues.store();
    await store.claim({ queues: ['default'], limit: 1, owner: 'me', leaseMs: 3_600_000 });
    travel('7m');
    expect(judgeWaiting(await store.status()).message).toContain('7m, and others run.');
  });
});

describe('failed jobs', () => {
  test('are counted', async () => {
    expect((await finding('Failed jobs')).status).toBe('ok');
    await failed();
    await failed('Once');
    expect(await finding('Failed jobs')).toMatchObject({
      status: 'warn',
      message: '2 jobs have failed for good.',
      mend: expect.stringContaining('queue:retry') as string,
    });
  });
});

describe('outboxes', () => {
  /** Has a dispatch lie in the outbox of the data file, as one does whose process died after the commit. */
  async function leave(target: string, createdAt: number): Promise<void> {
    await app.connections
      .connection('default')
      .write((handle) =>
        handle
          .statement('insert into outbox (target, body, created_at) values (?, ?, ?)')
          .run(target, '{"jobs":[]}', createdAt),
      );
  }

  test('are well while what is in them is young, or relayed', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    await app.database().transaction(async () => {
      await dispatch('Mail');
    });
    await app.queues.outbox.flush();
    travel('1h');
    await leave('sqlite', Date.UTC(2026, 0, 1, 1));
    expect(await finding('Outboxes')).toMatchObject({ status: 'ok' });
  });

  test('warn of what no worker has relayed for long', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    await leave('sqlite', Date.UTC(2026, 0, 1));
    travel('6m');
    expect(await finding('Outboxes')).toMatchObject({
      status: 'warn',
      message:
        '1 dispatch waits in the outbox of "default" for "sqlite" since 2026-01-01T00:00:00.000Z.',
    });
    await app.queues.outbox.relay();
    expect(await finding('Outboxes')).toMatchObject({ status: 'ok' });
  });

  test('warn at once of what is for a queue connection that is not declared any more', async () => {
    await leave('former', Date.UTC(2026, 0, 1));
    expect(await finding('Outboxes')).toMatchObject({
      status: 'warn',
      message: expect.stringContaining('for "former", a queue connection that is not') as string,
    });
  });
});

test('no warning of a queue fails the doctor', async () => {
  await startInProduction();
  await failed();
  const { out } = await artisan('doctor --json');
  const { checks } = JSON.parse(out) as { checks: { name: string; status: string }[] };
  const ofQueues = checks.filter(({ name }) => /jobs|Outboxes|Lease/.test(name));
  expect(ofQueues.map(({ status }) => status)).toEqual(['ok', 'ok', 'warn', 'ok']);
});
