import { fakeQueue, travelTo } from 'trilite/testing';
import {
  MINUTE,
  NOON,
  appWith,
  events,
  runDueAt,
  runsOf,
  schedulerOf,
  told,
  useSchedule,
} from '../helpers/schedule';
import { gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';

useSchedule();

const TestJob = jobOf(() => undefined);

function waitingJobs(app: Awaited<ReturnType<typeof appWith>>): Promise<number> {
  return app.connections
    .connection('queue')
    .read((handle) => handle.statement('select count(*) from jobs').pluck().get() as number);
}

test('a task runs when its time has come, and once for it', async () => {
  const dates: (Date | undefined)[] = [];
  const app = await appWith((schedule) => {
    schedule.call('task', ({ dueAt }) => void dates.push(dueAt)).everyFiveMinutes();
  });
  for (const minute of [1, 4.9, 5, 5, 5.5, 9, 10.5]) await runDueAt(app, NOON + minute * MINUTE);
  expect(dates).toEqual([new Date(NOON + 5 * MINUTE), new Date(NOON + 10 * MINUTE)]);
  expect(await runsOf(app, 'task')).toEqual(['5: done', '10: done']);
});

test('a new task begins with the minute it is seen in', async () => {
  const app = await appWith((schedule) => schedule.call('task', () => undefined).everyMinute());
  await runDueAt(app, NOON + 20_000);
  expect(await runsOf(app, 'task')).toEqual(['0: done']);
});

test('a task whose times are others now begins anew, and misses nothing', async () => {
  const app = await appWith((schedule) => schedule.call('task', () => undefined).hourly());
  await runDueAt(app, NOON);
  const store = app.schedule.store;
  await store.begin('task', { expression: 'as it was', seenUntil: NOON - 600 * MINUTE });
  await runDueAt(app, NOON + 120 * MINUTE);
  expect(await runsOf(app, 'task')).toEqual(['0: done', '120: done']);
});

test('a clock that is put back runs nothing twice, and the schedule goes on', async () => {
  const app = await appWith((schedule) => schedule.call('task', () => undefined).everyMinute());
  for (const minute of [0, 100, 50, 51, 100]) await runDueAt(app, NOON + minute * MINUTE);
  expect(await runsOf(app, 'task')).toEqual([
    '0: done',
    '50: done',
    '51: done',
    '99: missed',
    '100: done',
  ]);
});

test('tasks that are due at one moment run one after another, in the order declared', async () => {
  const notes: string[] = [];
  const app = await appWith((schedule) => {
    for (const name of ['first', 'second', 'third']) {
      schedule
        .call(name, async () => {
          notes.push(`${name} begins`);
          await new Promise(setImmediate);
          notes.push(`${name} ends`);
        })
        .everyMinute();
    }
  });
  await runDueAt(app, NOON);
  expect(notes).toEqual(
    ['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]),
  );
});

describe('a job', () => {
  test('is dispatched with its payload, queue and options, and the run is done', async () => {
    const app = await appWith(
      (schedule) => {
        schedule
          .job(TestJob, { id: 7 }, { queue: 'reports', delay: '10s', priority: 3 })
          .everyMinute();
      },
      [TestJob],
    );
    await runDueAt(app, NOON);
    expect(told()).toEqual(['dispatched TestJob']);
    const jobs = await app.connections
      .connection('queue')
      .read((handle) =>
        handle.statement('select queue, payload, priority, available_at from jobs').all(),
      );
    expect(jobs).toEqual([
      { queue: 'reports', payload: '{"id":7}', priority: 3, available_at: NOON + 10_000 },
    ]);
    expect(await runsOf(app, 'TestJob')).toEqual(['0: done']);
  });

  test('is dispatched once for each time by two schedulers of one file', async () => {
    const app = await appWith(
      (schedule) => schedule.job(TestJob, undefined).everyMinute().whenMissed('all'),
      [TestJob],
    );
    for (const minute of [0, 1, 5, 6]) {
      travelTo(NOON + minute * MINUTE);
      await Promise.all([1, 2, 3].map(() => schedulerOf(app).runDue()));
    }
    expect(await waitingJobs(app)).toBe(7);
    expect(told()).toEqual(Array.from({ length: 7 }, () => 'dispatched TestJob'));
  });

  test('that cannot be stored undoes its claim with it', async () => {
    const app = await appWith(
      (schedule) => schedule.job(TestJob, undefined).everyMinute(),
      [TestJob],
    );
    const queue = app.connections.connection('queue');
    await queue.write((handle) =>
      handle.exec(
        "create trigger no_jobs before insert on jobs begin select raise(rollback, 'no'); end",
      ),
    );
    await runDueAt(app, NOON);
    expect(told().filter((line) => line.startsWith('error'))).toHaveLength(1);
    expect(await runsOf(app, 'TestJob')).toEqual([]);
    await queue.write((handle) => handle.exec('drop trigger no_jobs'));
    await runDueAt(app, NOON + 10_000);
    expect(await waitingJobs(app)).toBe(1);
  });

  test('that refuses to be dispatched is a failed run, and is not tried again', async () => {
    const app = await appWith(
      (schedule) => schedule.job(TestJob, undefined).everyMinute(),
      [TestJob],
    );
    jest.spyOn(app.queues, 'dispatcher').mockImplementation(() => {
      throw new Error('not today');
    });
    await runDueAt(app, NOON);
    await runDueAt(app, NOON + 10_000);
    expect(told()).toEqual(['failed TestJob']);
    expect(await runsOf(app, 'TestJob')).toEqual(['0: failed']);
  });

  test('of a queue elsewhere is dispatched by a run', async () => {
    const ran: unknown[] = [];
    const SyncJob = jobOf((payload) => void ran.push(payload), { name: 'SyncJob' });
    const app = await appWith(
      (schedule) => schedule.job(SyncJob, 'now', { connection: 'sync' }).everyMinute(),
      [SyncJob],
    );
    await runDueAt(app, NOON);
    expect(ran).toEqual(['now']);
    expect(told()).toEqual(['running SyncJob', 'done SyncJob']);
  });

  test('goes to a fake', async () => {
    const app = await appWith((schedule) => schedule.job(TestJob, 'it').everyMinute(), [TestJob]);
    const queue = fakeQueue(app);
    await runDueAt(app, NOON);
    queue.assertDispatched(TestJob, ({ payload }) => payload === 'it');
  });
});

describe('what was missed', () => {
  test('is not run by default, and one row says so', async () => {
    const app = await appWith((schedule) => schedule.call('task', () => undefined).hourly());
    await runDueAt(app, NOON);
    await runDueAt(app, NOON + 200 * MINUTE);
    expect(await runsOf(app, 'task')).toEqual(['0: done', '180: missed']);
    const [missed] = await app.schedule.store.runs('task', 1);
    expect(missed?.message).toBe('3 runs, the first at 2026-01-15T13:00:00.000Z');
    expect(events.at(-1)).toMatchObject({ kind: 'missed', count: 3 });
  });

  test('is run once by "latest", for the last time', async () => {
    const app = await appWith((schedule) =>
      schedule
        .call('task', () => undefined)
        .hourly()
        .whenMissed('latest'),
    );
    await runDueAt(app, NOON);
    await runDueAt(app, NOON + 200 * MINUTE);
    expect(await runsOf(app, 'task')).toEqual(['0: done', '120: missed', '180: done']);
  });

  test('is run by "all", oldest first', async () => {
    const dates: number[] = [];
    const app = await appWith((schedule) =>
      schedule
        .call('task', ({ dueAt }) => void dates.push(((dueAt?.getTime() ?? 0) - NOON) / MINUTE))
        .hourly()
        .whenMissed('all'),
    );
    await runDueAt(app, NOON);
    await runDueAt(app, NOON + 200 * MINUTE);
    expect(dates).toEqual([0, 60, 120, 180]);
  });
});

describe('conditions', () => {
  test('skip a run, and are told who asks', async () => {
    const asked: string[] = [];
    const app = await appWith((schedule) => {
      const task = (name: string) => schedule.call(name, () => undefined).everyMinute();
      task('yes').when(({ task: name }) => asked.push(name) > 0);
      task('no').when(async () => false);
      task('skipped').skip(() => true);
      task('not skipped').skip(() => false);
    });
    await runDueAt(app, NOON);
    expect(told().filter((line) => !line.startsWith('running'))).toEqual([
      'skipped no',
      'skipped skipped',
      'done yes',
      'done not skipped',
    ]);
    expect(asked).toEqual(['yes']);
    expect(await runsOf(app, 'no')).toEqual(['0: skipped']);
  });

  test('that throw are a failed run, and leave the other tasks alone', async () => {
    const failed: unknown[] = [];
    const app = await appWith((schedule) => {
      schedule
        .call('broken', () => undefined)
        .everyMinute()
        .when(() => {
          throw new Error('no answer');
        })
        .onFailure(({ error }) => void failed.push(error?.message));
      schedule.call('other', () => undefined).everyMinute();
    });
    await runDueAt(app, NOON);
    expect(told()).toEqual(['failed broken', 'running other', 'done other']);
    expect(failed).toEqual(['no answer']);
  });

  test('of environments decide what is declared at all', async () => {
    const app = await appWith((schedule) => {
      schedule
        .call('here', () => undefined)
        .everyMinute()
        .environments(['production', 'staging']);
      schedule
        .call('there', () => undefined)
        .everyMinute()
        .environments('development');
    });
    expect(app.schedule.tasks.map(({ name }) => name)).toEqual(['here']);
  });
});

describe('a paused task', () => {
  test('is skipped until it is resumed, and what was skipped is not missed', async () => {
    const app = await appWith((schedule) => {
      const task = (name: string) =>
        schedule
          .call(name, () => undefined)
          .everyMinute()
          .whenMissed('all');
      task('paused');
      task('other');
    });
    expect(await app.schedule.pause('paused')).toBe(true);
    expect(await app.schedule.pause('paused')).toBe(false);
    await runDueAt(app, NOON);
    expect(await app.schedule.resume('paused')).toBe(true);
    await runDueAt(app, NOON + MINUTE);
    expect(await runsOf(app, 'paused')).toEqual(['0: skipped', '1: done']);
    expect(await runsOf(app, 'other')).toEqual(['0: done', '1: done']);
  });

  test('is paused with the whole schedule, unless it runs even then', async () => {
    const app = await appWith((schedule) => {
      schedule.call('task', () => undefined).everyMinute();
      schedule
        .call('always', () => undefined)
        .everyMinute()
        .evenWhenPaused();
    });
    await app.schedule.pause();
    await runDueAt(app, NOON);
    expect(await runsOf(app, 'task')).toEqual(['0: skipped']);
    expect(await runsOf(app, 'always')).toEqual(['0: done']);
    await app.schedule.resume();
    await runDueAt(app, NOON + MINUTE);
    expect(await runsOf(app, 'task')).toEqual(['0: skipped', '1: done']);
  });
});

describe('while the application is down for maintenance', () => {
  test('a task is skipped, unless it runs even then', async () => {
    const app = await appWith((schedule) => {
      schedule.call('task', () => undefined).everyMinute();
      schedule
        .call('always', () => undefined)
        .everyMinute()
        .evenInMaintenanceMode();
    });
    app.maintenance.begin();
    await runDueAt(app, NOON);
    app.maintenance.end();
    await runDueAt(app, NOON + MINUTE);
    expect(await runsOf(app, 'task')).toEqual(['0: skipped', '1: done']);
    expect(await runsOf(app, 'always')).toEqual(['0: done', '1: done']);
  });
});

describe('without overlapping', () => {
  test('a run is skipped while another goes on in any process', async () => {
    const app = await appWith((schedule) =>
      schedule
        .call('task', () => undefined)
        .everyMinute()
        .withoutOverlapping(),
    );
    const lock = app.locks.lock('schedule:task', '1h');
    await lock.get();
    await runDueAt(app, NOON);
    await lock.release();
    await runDueAt(app, NOON + MINUTE);
    expect(await runsOf(app, 'task')).toEqual(['0: skipped', '1: done']);
    expect(await app.locks.held()).toEqual([]);
  });

  test('a run does not hold up later looks, and keeps the next one of its task out', async () => {
    const begun = gate();
    const end = gate();
    const skipped = gate();
    const app = await appWith((schedule) =>
      schedule
        .call('task', async () => {
          begun.open();
          await end.opened;
        })
        .everyMinute()
        .withoutOverlapping(),
    );
    let next = NOON;
    const scheduler = app.scheduler(
      ({ kind }) => {
        if (kind === 'skipped') skipped.open();
      },
      {
        pause: async (_milliseconds, signal) => {
          if (signal.aborted) return;
          await begun.opened;
          travelTo((next += MINUTE));
          if (next > NOON + MINUTE) {
            await skipped.opened;
            end.open();
            scheduler.stop();
          }
        },
      },
    );
    await scheduler.run();
    expect(await runsOf(app, 'task')).toEqual(['0: done', '1: skipped']);
  });
});

test('one server runs a task that another one has the lock of', async () => {
  const app = await appWith((schedule) => {
    for (const name of ['ours', 'theirs']) {
      schedule
        .call(name, () => undefined)
        .everyMinute()
        .onOneServer();
    }
  });
  await app.locks.lock(`schedule:theirs:${NOON}`, '1h').get();
  await runDueAt(app, NOON);
  expect(await runsOf(app, 'theirs')).toEqual(['0: skipped']);
  expect(await runsOf(app, 'ours')).toEqual(['0: done']);
});

describe('hooks', () => {
  test('stand around a run, and are told what became of it', async () => {
    const notes: unknown[] = [];
    const app = await appWith((schedule) => {
      schedule
        .call('good', () => 'what it says')
        .everyMinute()
        .before(({ task }) => void notes.push(`before ${task}`))
        .after(({ state, output }) => void notes.push(`after: ${state}, ${output}`))
        .onSuccess(() => void notes.push('success'))
        .onFailure(() => void notes.push('failure'));
      schedule
        .call('bad', () => Promise.reject(new Error('it broke')))
        .everyMinute()
        .onSuccess(() => void notes.push('success'))
        .onFailure(({ error }) => void notes.push(`failure: ${error?.message}`));
    });
    await runDueAt(app, NOON);
    expect(notes).toEqual([
      'before good',
      'after: done, what it says',
      'success',
      'failure: it broke',
    ]);
  });

  test('that throw before a run make it fail; after it, they are told and change nothing', async () => {
    const app = await appWith((schedule) => {
      schedule
        .call('first', () => undefined)
        .everyMinute()
        .before(() => Promise.reject(new Error('not ready')));
      schedule
        .call('second', () => undefined)
        .everyMinute()
        .after(() => {
          throw new Error('hook');
        });
    });
    await runDueAt(app, NOON);
    expect(told()).toEqual([
      'running first',
      'failed first',
      'running second',
      'error hook',
      'done second',
    ]);
  });

  test('follow a dispatched job', async () => {
    const notes: string[] = [];
    const app = await appWith(
      (schedule) =>
        schedule
          .job(TestJob, undefined)
          .everyMinute()
          .onSuccess(({ task }) => void notes.push(task)),
      [TestJob],
    );
    await runDueAt(app, NOON);
    expect(notes).toEqual(['TestJob']);
  });
});
