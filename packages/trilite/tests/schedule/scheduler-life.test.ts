import { travelTo } from 'trilite/testing';
import { clock } from '../../src/support/clock';
import { gate } from '../helpers/gate';
import {
  MINUTE,
  NOON,
  appWith,
  runDueAt,
  runsOf,
  schedulerOf,
  told,
  useSchedule,
} from '../helpers/schedule';

useSchedule();

test('tasks that are due several times a minute are run until its end', async () => {
  const dates: string[] = [];
  const app = await appWith((schedule) =>
    schedule
      .call('task', ({ dueAt }) => void dates.push(dueAt?.toISOString().slice(14, 19) ?? ''))
      .everyTwentySeconds(),
  );
  let now = NOON + 5000;
  travelTo(now);
  const pause = async (milliseconds: number): Promise<void> => travelTo((now += milliseconds));
  await schedulerOf(app, { pause }).runDue();
  expect(dates).toEqual(['00:20', '00:40']);
});

test('a scheduler sleeps until the next time, and for 30 s at most', async () => {
  const app = await appWith((schedule) => schedule.call('task', () => undefined).everyTwoMinutes());
  const pauses: number[] = [];
  let now = NOON + 1500;
  travelTo(now);
  const scheduler = schedulerOf(app, {
    pause: async (milliseconds) => {
      pauses.push(milliseconds);
      travelTo((now += milliseconds));
      if (pauses.length === 5) scheduler.stop();
    },
  });
  await scheduler.run();
  expect(pauses).toEqual([30_000, 30_000, 30_000, 28_500, 30_000]);
  expect(await runsOf(app, 'task')).toEqual(['0: done', '2: done']);
});

describe('a time that comes while a scheduler looks', () => {
  /** Has the first look that begins at a moment end a little later, as one does that a timer began too early. */
  function lookTakes(app: Awaited<ReturnType<typeof appWith>>, from: number, to: number): void {
    const state = app.schedule.store.state.bind(app.schedule.store);
    jest.spyOn(app.schedule.store, 'state').mockImplementation(async () => {
      const found = await state();
      if (clock.now() === from) travelTo(to);
      return found;
    });
  }

  test('is run by the next look, at once', async () => {
    const app = await appWith((schedule) => schedule.call('task', () => undefined).everyMinute());
    lookTakes(app, NOON + MINUTE - 1, NOON + MINUTE + 1);
    const pauses: number[] = [];
    const scheduler = schedulerOf(app, {
      pause: async (milliseconds) => {
        pauses.push(milliseconds);
        if (pauses.length === 1) travelTo(NOON + MINUTE - 1);
        if (pauses.length === 3) scheduler.stop();
      },
    });
    await scheduler.run();
    expect(pauses).toEqual([30_000, 1, 30_000]);
    expect(await runsOf(app, 'task')).toEqual(['0: done', '1: done']);
  });

  test('is not missed by a task that is due every second', async () => {
    const app = await appWith((schedule) => schedule.call('task', () => undefined).everySecond());
    lookTakes(app, NOON + 57_999, NOON + 58_001);
    let now = NOON + 57_000;
    travelTo(now);
    const pause = async (milliseconds: number): Promise<void> => {
      now = Math.max(now, clock.now()) + milliseconds;
      if (now === NOON + 58_000) now -= 1; // early, as timers are at times
      travelTo(now);
    };
    await schedulerOf(app, { pause }).runDue();
    const runs = await app.schedule.store.runs('task', 10);
    expect(runs.map(({ dueAt, state }) => [dueAt - NOON, state])).toEqual([
      [59_000, 'done'],
      [58_000, 'done'],
    ]);
  });
});

test('a scheduler whose machine slept sees it, and deals with what was missed', async () => {
  const app = await appWith((schedule) =>
    schedule
      .call('task', () => undefined)
      .hourly()
      .whenMissed('latest'),
  );
  const scheduler = schedulerOf(app, {
    pause: async () => {
      if (told().length > 2) return scheduler.stop();
      travelTo(NOON + 8.5 * 60 * MINUTE);
    },
  });
  await scheduler.run();
  expect(await runsOf(app, 'task')).toEqual(['0: done', '420: missed', '480: done']);
});

test('a scheduler outlives errors of its file, and looks again after a second', async () => {
  const app = await appWith((schedule) => schedule.call('task', () => undefined).everyMinute());
  const pauses: number[] = [];
  const real = app.schedule.store.advance.bind(app.schedule.store);
  const advance = jest.spyOn(app.schedule.store, 'advance');
  advance.mockRejectedValueOnce(new Error('busy')).mockImplementation(real);
  const scheduler = schedulerOf(app, {
    pause: async (milliseconds) => {
      pauses.push(milliseconds);
      if (pauses.length === 2) scheduler.stop();
    },
  });
  await scheduler.run();
  expect(told()).toEqual(['error busy', 'running task', 'done task']);
  expect(pauses).toEqual([1000, 30_000]);
});

test('a scheduler that has run many tasks holds nothing of them: each had a signal of its own', async () => {
  const signals = new Set<AbortSignal>();
  const app = await appWith((schedule) => {
    for (const name of ['first', 'second', 'third']) {
      schedule.call(name, ({ signal }) => void signals.add(signal)).everyMinute();
    }
  });
  await schedulerOf(app).runDue();
  expect(signals.size).toBe(3);
});

describe('a stop', () => {
  async function stopping(work: (signal: AbortSignal) => Promise<void>) {
    const begun = gate();
    const app = await appWith((schedule) => {
      schedule
        .call('running', async ({ signal }) => {
          begun.open();
          await work(signal);
        })
        .everyMinute();
      schedule.call('next', () => undefined).everyMinute();
    });
    const scheduler = schedulerOf(app, { shutdownMs: 600_000 });
    const ended = scheduler.run();
    await begun.opened;
    scheduler.stop();
    return { app, scheduler, ended };
  }

  test('waits for what runs, and gives back what has not begun', async () => {
    const end = gate();
    const { app, ended } = await stopping(() => end.opened);
    end.open();
    await ended;
    expect(await runsOf(app, 'running')).toEqual(['0: done']);
    expect(await runsOf(app, 'next')).toEqual(['0: claimed']);
    await runDueAt(app, NOON + 10_000);
    expect(await runsOf(app, 'next')).toEqual(['0: done']);
  });

  test('aborts the signal when it is to be now', async () => {
    const { app, scheduler, ended } = await stopping(
      (signal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('its own'))),
        ),
    );
    scheduler.stopNow();
    await ended;
    const [run] = await app.schedule.store.runs('running', 1);
    expect(run).toMatchObject({
      state: 'failed',
      message: 'The scheduler stopped before the task was done.',
    });
  });

  test('does not wait for work that ignores its signal', async () => {
    const { app, scheduler, ended } = await stopping(() => new Promise(() => undefined));
    scheduler.stopNow();
    await ended;
    expect(await runsOf(app, 'running')).toEqual(['0: failed']);
  });

  test('leaves a hook that never returns, ten seconds after it was to end', async () => {
    const called = gate();
    const app = await appWith((schedule) =>
      schedule
        .call('task', () => undefined)
        .everyMinute()
        .after(() => {
          called.open();
          return new Promise(() => undefined);
        }),
    );
    const pauses: number[] = [];
    const pause = async (milliseconds: number): Promise<void> => void pauses.push(milliseconds);
    const scheduler = schedulerOf(app, { pause });
    const ended = scheduler.runDue();
    await called.opened;
    scheduler.stopNow();
    await ended;
    expect(pauses).toEqual([10_000]);
  });
});

test('a run that was given back and is no longer on time is missed', async () => {
  const app = await appWith((schedule) => schedule.call('task', () => undefined).hourly());
  await schedulerOf(app).runDue();
  await app.schedule.store.add({
    task: 'task',
    dueAt: NOON + 60 * MINUTE,
    state: 'claimed',
    owner: '',
  });
  await runDueAt(app, NOON + 70 * MINUTE);
  expect(await runsOf(app, 'task')).toEqual(['0: done', '60: missed']);
});

test('a run of a task that is no longer declared is given up after a day', async () => {
  const app = await appWith(() => undefined);
  await app.schedule.store.add({ task: 'gone', dueAt: NOON, state: 'claimed', owner: '' });
  await runDueAt(app, NOON + 23 * 60 * MINUTE);
  expect(await runsOf(app, 'gone')).toEqual(['0: claimed']);
  await runDueAt(app, NOON + 25 * 60 * MINUTE);
  expect(await runsOf(app, 'gone')).toEqual(['0: missed']);
});

test('old runs are forgotten after 30 days, but for the last 100', async () => {
  const app = await appWith((schedule) => schedule.call('task', () => undefined).everyMinute());
  await runDueAt(app, NOON);
  for (let minute = 1; minute <= 150; minute += 1) {
    await app.schedule.store.add({
      task: 'task',
      dueAt: NOON + minute * MINUTE,
      state: 'done',
      owner: 'me',
    });
  }
  await runDueAt(app, NOON + 31 * 24 * 60 * MINUTE);
  const runs = await app.schedule.store.runs('task', 1000);
  expect(runs).toHaveLength(100);
});
