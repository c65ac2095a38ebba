import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { travelTo, type TestApplication } from 'trilite/testing';
import { CacheRepository } from '../../src/cache/cache-repository';
import { Locks } from '../../src/cache/locks/locks';
import { QueueRegistry } from '../../src/queue/queue-registry';
import { jitterOf } from '../../src/schedule/jitter';
import { gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';
import { holdLock } from '../helpers/lock-holder';
import { MINUTE, NOON } from '../helpers/schedule';
import {
  appWithTenants,
  centralRunsOf,
  events,
  runDueAt,
  runsOf,
  told,
  useTenantSchedule,
  waitForQueues,
} from '../helpers/tenant-schedule';

useTenantSchedule();

const IDS = ['acme', 'globex', 'initech'];

const fileOf = (app: TestApplication, id: string, role: string): string =>
  join(app.storagePath, 'tenants', id, `tenant_${role}_${id}.sqlite`);

describe('what a task does', () => {
  test('a function is called in the work of each tenant, and told whose it is', async () => {
    const whose: string[] = [];
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('note', async ({ tenant, make }) => {
          const current = app.tenancy.current()?.id;
          whose.push(`${tenant?.id} ${current}`);
          await make(CacheRepository).put('mine', tenant?.id);
        })
        .daily()
        .at('12:00')
        .perTenant({ concurrency: 1 })
        .after(async ({ tenant, make }) => {
          whose.push(`after ${tenant?.id} ${String(await make(CacheRepository).get('mine'))}`);
        });
    });
    await runDueAt(app, 0);
    expect(whose).toEqual(IDS.flatMap((id) => [`${id} ${id}`, `after ${id} ${id}`]));
    for (const id of IDS) expect(await runsOf(app, id, 'note')).toEqual(['0: done']);
    expect(await app.tenancy.central(() => app.cache().get('mine'))).toBeUndefined();
  });

  test('the application remembers that all tenants were visited, and how it went', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('task', ({ tenant }) => {
          if (tenant?.id === 'globex') throw new Error('not for globex');
        })
        .everyMinute()
        .perTenant({ concurrency: 1 });
    });
    await runDueAt(app, 0);
    expect(told()).toEqual([
      'running acme',
      'done acme',
      'running globex',
      'failed globex',
      'running initech',
      'done initech',
      'fanned-out 2/1/0',
    ]);
    const [run] = await app.schedule.store.runs('task', 1);
    expect(run).toMatchObject({
      state: 'done',
      message: '3 tenants: 2 done, 1 failed, 0 skipped',
    });
    expect(await runsOf(app, 'globex', 'task')).toEqual(['0: failed']);
  });

  test('a job goes to the queue of each tenant, and the work index says so', async () => {
    const ran: string[] = [];
    const TestJob = jobOf(() => void ran.push(app.tenancy.currentOrFail().id));
    const app = await appWithTenants(
      IDS,
      (schedule) => schedule.job(TestJob, undefined).everyMinute().perTenant(),
      [TestJob],
    );
    await runDueAt(app, 0);
    const waiting = (id: string) =>
      app.tenancy.run(id, async (_tenant, scope) =>
        (await scope.make(QueueRegistry).store('sqlite').status()).map(({ ready }) => ready),
      );
    for (const id of IDS) expect(await waiting(id)).toEqual([1]);
    expect(await app.tenancy.central(() => app.queues.store('sqlite').status())).toEqual([]);
    expect(told().sort()).toEqual([...IDS.map((id) => `dispatched ${id}`), 'fanned-out 3/0/0']);
    await app.runJobs();
    expect(ran.sort()).toEqual(IDS);
  });

  test('a command sees the stores of each tenant', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      schedule.command('cache:forget key').everyMinute().perTenant();
    });
    const put = () => app.make(CacheRepository).put('key', 1);
    const has = () => app.make(CacheRepository).has('key');
    await app.tenancy.central(put);
    await app.tenancy.each({}, put);
    await runDueAt(app, 0);
    for (const id of IDS) expect(await app.tenancy.run(id, has)).toBe(false);
    expect(await app.tenancy.central(has)).toBe(true);
  });

  test('a program is told the tenant, and writes to a file of its own', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .exec('echo "for $TENANT_ID"')
        .everyMinute()
        .perTenant()
        .sendOutputTo('out/{tenant}.txt');
    });
    await runDueAt(app, 0);
    const read = (id: string) => readFileSync(join(app.basePath, 'out', `${id}.txt`), 'utf8');
    expect(IDS.map(read)).toEqual(IDS.map((id) => `for ${id}\n`));
  });

  test('it is for those of whom "where" is true, and for nobody who came later', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('task', () => undefined)
        .everyMinute()
        .perTenant({ where: ({ id }) => id !== 'globex' });
    });
    travelTo(NOON + 10_000);
    await app.tenancy.create('younger');
    await app.scheduler((event) => events.push(event)).runDue();
    const skipped = told().filter((line) => line.startsWith('done'));
    expect(skipped.sort()).toEqual(['done acme', 'done initech']);
  });

  test('each time is for each tenant once, however many schedulers there are', async () => {
    waitForQueues(); // a tenant whose file is busy for too long is left out of that time
    const ran: string[] = [];
    const TestJob = jobOf(() => undefined);
    const app = await appWithTenants(
      IDS,
      (schedule) => {
        schedule
          .call('call', ({ tenant, dueAt }) => void ran.push(`${tenant?.id} ${Number(dueAt)}`))
          .everyMinute()
          .whenMissed('all')
          .perTenant();
        schedule.job(TestJob, undefined).everyMinute().whenMissed('all').perTenant();
      },
      [TestJob],
    );
    for (const minute of [0, 1, 4, 5]) {
      await Promise.all([1, 2, 3].map(() => runDueAt(app, minute)));
    }
    const times = [0, 1, 2, 3, 4, 5].map((minute) => NOON + minute * MINUTE);
    const wanted = IDS.flatMap((id) => times.map((time) => `${id} ${time}`));
    expect(ran.toSorted()).toEqual(wanted.toSorted());
    expect(told().filter((line) => line.startsWith('dispatched'))).toHaveLength(wanted.length);
  });
});

describe('conditions and locks', () => {
  test('are asked in the work of each tenant', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('task', () => undefined)
        .everyMinute()
        .perTenant({ concurrency: 1 })
        .when(({ make }) => make(CacheRepository).has('wanted'));
    });
    await app.tenancy.run('globex', () => app.make(CacheRepository).put('wanted', 1));
    await runDueAt(app, 0);
    expect(told()).toEqual([
      'skipped acme',
      'running globex',
      'done globex',
      'skipped initech',
      'fanned-out 1/0/2',
    ]);
  });

  test('keep a run out whose tenant has another one, and no other tenant’s', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('task', () => undefined)
        .everyMinute()
        .perTenant()
        .withoutOverlapping();
    });
    await app.tenancy.run('acme', () => app.make(Locks).lock('schedule:task', '1h').get());
    await runDueAt(app, 0);
    expect(await runsOf(app, 'acme', 'task')).toEqual(['0: skipped']);
    expect(await runsOf(app, 'globex', 'task')).toEqual(['0: done']);
  });

  test('"onOneServer" runs it on one for every tenant, not for the first one alone', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('task', () => undefined)
        .everyMinute()
        .perTenant()
        .onOneServer();
    });
    const name = `schedule:task:${NOON}`;
    await app.tenancy.run('globex', () => app.make(Locks).lock(name, '1h').get());
    await runDueAt(app, 0);
    expect(await runsOf(app, 'acme', 'task')).toEqual(['0: done']);
    expect(await runsOf(app, 'globex', 'task')).toEqual(['0: skipped']);
    expect(await runsOf(app, 'initech', 'task')).toEqual(['0: done']);
  });
});

describe('a tenant that cannot be served', () => {
  test('is skipped and said when it is suspended or down, and keeps nobody back', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('task', () => undefined)
        .everyMinute()
        .perTenant({ concurrency: 1 });
    });
    await app.tenancy.suspend('acme');
    await app.tenancy.down('globex');
    await runDueAt(app, 0);
    expect(told()).toEqual([
      'skipped acme',
      'skipped globex',
      'running initech',
      'done initech',
      'fanned-out 1/0/2',
    ]);
    expect(events[0]).toMatchObject({ reason: 'the tenant is suspended' });
    expect(events[1]).toMatchObject({ reason: 'the tenant is down' });
  });

  test('is skipped and said when its file is gone', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('task', () => undefined)
        .everyMinute()
        .perTenant({ concurrency: 1 });
    });
    rmSync(fileOf(app, 'acme', 'queue'));
    await runDueAt(app, 0);
    expect(told()).toContain('skipped acme');
    expect(told()).toContain('done globex');
    expect(told()).toContain('fanned-out 2/0/1');
  });

  test('is skipped and said when somebody holds its file; the run is missed then', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      const task = (name: string) =>
        schedule
          .call(name, () => undefined)
          .everyMinute()
          .perTenant({ where: ({ id }) => id !== 'initech' });
      task('skips');
      task('makes up').whenMissed('all');
    });
    await runDueAt(app, 0);
    const holder = await holdLock(fileOf(app, 'acme', 'queue'), 'write');
    await runDueAt(app, 1);
    await holder.release();
    expect(told().filter((line) => line === 'skipped acme')).toHaveLength(2);
    await runDueAt(app, 2);
    expect(await runsOf(app, 'acme', 'skips')).toEqual(['0: done', '1: missed', '2: done']);
    expect(await runsOf(app, 'acme', 'makes up')).toEqual(['0: done', '1: done', '2: done']);
    expect(await runsOf(app, 'globex', 'skips')).toEqual(['0: done', '1: done', '2: done']);
  });
});

describe('what was missed', () => {
  test('by everybody is decided once, and counts for no tenant', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      const task = (name: string) =>
        schedule
          .call(name, () => undefined)
          .hourly()
          .perTenant();
      task('skips');
      task('latest').whenMissed('latest');
      task('all').whenMissed('all');
    });
    await runDueAt(app, 0);
    await runDueAt(app, 200);
    expect(await centralRunsOf(app, 'skips')).toEqual(['0: done', '180: missed']);
    expect(await runsOf(app, 'acme', 'skips')).toEqual(['0: done']);
    expect(await runsOf(app, 'acme', 'latest')).toEqual(['0: done', '180: done']);
    const all = ['0: done', '60: done', '120: done', '180: done'];
    expect(await runsOf(app, 'acme', 'all')).toEqual(all);
  });

  test('is not what came while the task was paused', async () => {
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('task', () => undefined)
        .everyMinute()
        .whenMissed('all')
        .perTenant();
    });
    await runDueAt(app, 0);
    await app.schedule.pause('task');
    await runDueAt(app, 1);
    await app.schedule.resume('task');
    await runDueAt(app, 2);
    expect(await centralRunsOf(app, 'task')).toEqual(['0: done', '1: skipped', '2: done']);
    expect(await runsOf(app, 'acme', 'task')).toEqual(['0: done', '2: done']);
  });
});

describe('how tenants take turns', () => {
  test('the moment of a tenant is always the same, within the span, and spread over it', () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `tenant-${index}`);
    const moments = ids.map((id) => jitterOf('task', id, 30_000));
    expect(moments).toEqual(ids.map((id) => jitterOf('task', id, 30_000)));
    expect(Math.min(...moments)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...moments)).toBeLessThan(30_000);
    const inEachTenth = Array.from(
      { length: 10 },
      (_, tenth) => moments.filter((moment) => Math.floor(moment / 3000) === tenth).length,
    );
    expect(Math.min(...inEachTenth)).toBeGreaterThan(60);
    expect(jitterOf('another', 'tenant-0', 30_000)).not.toBe(moments[0]);
    expect(jitterOf('task', 'tenant-0', 0)).toBe(0);
  });

  test('each tenant’s run begins at its moment', async () => {
    const ran: string[] = [];
    let now = NOON;
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('task', ({ tenant }) => void ran.push(`${tenant?.id} ${now - NOON}`))
        .everyMinute()
        .perTenant({ jitter: '30s', concurrency: 1 });
    });
    await runDueAt(app, 0, {
      pause: async (milliseconds) => travelTo((now += milliseconds)),
    });
    const wanted = IDS.map((id) => ({ id, at: jitterOf('task', id, 30_000) }));
    wanted.sort((a, b) => a.at - b.at);
    expect(ran).toEqual(wanted.map(({ id, at }) => `${id} ${at}`));
  });

  test('only so many run at once, and one that hangs holds up no other', async () => {
    const end = gate();
    const others = gate();
    let running = 0;
    let most = 0;
    let ended = 0;
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const app = await appWithTenants(ids, (schedule) => {
      schedule
        .call('task', async ({ tenant }) => {
          most = Math.max(most, (running += 1));
          if (tenant?.id === 'a') await end.opened;
          else await new Promise(setImmediate);
          running -= 1;
          if ((ended += 1) === ids.length - 1) others.open();
        })
        .everyMinute()
        .perTenant({ concurrency: 2 });
    });
    const run = runDueAt(app, 0);
    await others.opened;
    expect(await centralRunsOf(app, 'task')).toEqual(['0: running']);
    end.open();
    await run;
    expect(most).toBe(2);
    expect(await centralRunsOf(app, 'task')).toEqual(['0: done']);
  });

  test('tasks declared after it do not wait for it', async () => {
    const other = gate();
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('waits', () => other.opened)
        .everyMinute()
        .perTenant();
      schedule.call('other', () => other.open()).everyMinute();
    });
    await runDueAt(app, 0);
    expect(await centralRunsOf(app, 'waits')).toEqual(['0: done']);
  });

  test('a scheduler that stops leaves the rest to the next one', async () => {
    const begun = gate();
    const end = gate();
    const app = await appWithTenants(IDS, (schedule) => {
      schedule
        .call('task', async ({ tenant }) => {
          if (tenant?.id !== 'acme') return;
          begun.open();
          await end.opened;
        })
        .hourly()
        .perTenant({ concurrency: 1 });
    });
    const first = app.scheduler();
    const run = first.runDue();
    await begun.opened;
    first.stop();
    end.open();
    await run;
    expect(await runsOf(app, 'acme', 'task')).toEqual(['0: done']);
    expect(await runsOf(app, 'globex', 'task')).toEqual([]);
    await runDueAt(app, 20);
    for (const id of IDS) expect(await runsOf(app, id, 'task')).toEqual(['0: done']);
    expect(await centralRunsOf(app, 'task')).toEqual(['0: done']);
    expect(told()).not.toContain('running acme');
  });
});
