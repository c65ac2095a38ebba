import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { travelBack, travelTo } from 'trilite/testing';
import { createApplication, type Application } from '../../src/application';
import { createProject, exportDefault, type TestProject } from '../helpers/project';
import { MINUTE, NOON } from '../helpers/schedule';
import { SCHEDULER_STEPS, SchedulerProcess } from '../helpers/scheduler-process';

/*
 * Schedulers in processes of the built framework (dist/, which "npm test" makes first) on one file, some of them killed. Their clocks stand
 * where the test puts them.
 */

const TICK = 'exports.Tick = class Tick { handle() {} };';

/** Notes a line, and with IN_CHILD never ends. */
const NOTE = `const note = (text) => require('node:fs').appendFileSync(__dirname + '/../notes.txt', text + '\\n');
  const hang = () => { process.send('begun'); return new Promise(() => undefined); };`;

let project: TestProject;
let app: Application;
let children: SchedulerProcess[];

async function start(schedule: string): Promise<void> {
  project.write('routes/console.js', `${NOTE}\n${exportDefault(schedule)}`);
  app = await createApplication({ basePath: project.path, env: { APP_ENV: 'testing' } });
  await app.migrator().migrate();
}

async function newChild(): Promise<SchedulerProcess> {
  const child = new SchedulerProcess(project.path);
  children.push(child);
  await child.said('ready');
  return child;
}

function read<T>(statement: string): Promise<T[]> {
  return app.connections
    .connection('queue')
    .read((handle) => handle.statement(statement).all() as T[]);
}

function notes(): string[] {
  const file = join(project.path, 'notes.txt');
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

beforeEach(() => {
  project = createProject({ 'steps.js': SCHEDULER_STEPS, 'app/jobs/tick.js': TICK });
  children = [];
});

afterEach(async () => {
  travelBack();
  await Promise.all(children.map((child) => child.kill()));
  await app.close();
  project.remove();
});

test('two schedulers, killed at any moment, dispatch the job of each time exactly once', async () => {
  await start(`(schedule) => {
    const { Tick } = require('../app/jobs/tick.js');
    schedule.job(Tick).everyMinute();
    schedule.call('note', ({ dueAt }) => note(String(+dueAt))).everyMinute();
  }`);
  let pair = await Promise.all([newChild(), newChild()]);
  const times = Array.from({ length: 60 }, (_, minute) => NOON + minute * MINUTE);
  for (const [index, time] of times.entries()) {
    for (const child of pair) child.run(time);
    const [victim, survivor] = index % 2 === 0 ? pair : pair.toReversed();
    if (index % 10 === 9) {
      await turns(Math.floor(Math.random() * 800));
      await victim?.kill();
      await survivor?.said(time);
      if (time !== times.at(-1)) pair = [await newChild(), survivor as SchedulerProcess];
    } else {
      await Promise.all(pair.map((child) => child.said(time)));
    }
  }
  const jobs = await read<{ at: number }>(
    'select available_at as at from jobs order by available_at',
  );
  expect(jobs.map(({ at }) => at)).toEqual(times);
  const runs = await read<{ at: number; state: string }>(
    "select due_at as at, state from schedule_runs where task = 'Tick' order by due_at",
  );
  expect(runs).toEqual(times.map((at) => ({ at, state: 'done' })));
  const noted = notes().map(Number);
  expect(new Set(noted).size).toBe(noted.length);
});

test('what a killed scheduler had claimed and not begun is run by the next one', async () => {
  await start(`(schedule) => {
    schedule.call('hangs', hang).everyMinute();
    schedule.call('waits', () => note('waits ran')).everyMinute();
  }`);
  const child = await newChild();
  child.run(NOON);
  await child.said('begun');
  await child.kill();
  const told: string[] = [];
  travelTo(NOON + 10_000);
  await app
    .scheduler((event) => {
      if (event.kind !== 'error') told.push(`${event.kind} ${event.run.task.name}`);
    })
    .runDue();
  expect(told).toEqual(['crashed hangs', 'running waits', 'done waits']);
  expect(notes()).toEqual(['waits ran']);
  expect(await read('select task, state from schedule_runs order by task')).toEqual([
    { task: 'hangs', state: 'crashed' },
    { task: 'waits', state: 'done' },
  ]);
});

test('a run whose scheduler is killed runs again when its task says so, its lock free', async () => {
  await start(`(schedule) => {
    const work = () => (process.env.IN_CHILD ? hang() : note('ran'));
    schedule.call('again', work).hourly().withoutOverlapping().rerunAfterCrash();
  }`);
  const child = await newChild();
  child.run(NOON);
  await child.said('begun');
  await child.kill();
  travelTo(NOON + 40 * MINUTE);
  await app.scheduler().runDue();
  expect(notes()).toEqual(['ran']);
  expect(await read('select state, attempt from schedule_runs')).toEqual([
    { state: 'done', attempt: 2 },
  ]);
});

test('a run that kills every scheduler is given up after three', async () => {
  await start(`(schedule) => schedule.call('deadly', hang).hourly().rerunAfterCrash()`);
  for (const minute of [0, 1, 2]) {
    const child = await newChild();
    child.run(NOON + minute * MINUTE);
    await child.said('begun');
    await child.kill();
  }
  travelTo(NOON + 3 * MINUTE);
  await app.scheduler().runDue();
  expect(await read('select state, attempt from schedule_runs')).toEqual([
    { state: 'crashed', attempt: 3 },
  ]);
});

test('the run of an owner that nobody can judge is left to it for a day', async () => {
  await start(`(schedule) => schedule.call('far', () => undefined).yearly()`);
  await app.schedule.store.add({ task: 'far', dueAt: NOON, state: 'claimed', owner: 'a/b/1/2' });
  const stateAt = async (moment: number): Promise<unknown> => {
    travelTo(moment);
    await app.scheduler().runDue();
    const [run] = await read<{ state: string }>('select state from schedule_runs');
    return run?.state;
  };
  await app.connections
    .connection('queue')
    .write((handle) => handle.statement('update schedule_runs set claimed_at = ?').run(NOON));
  expect(await stateAt(NOON + 23 * 60 * MINUTE)).toBe('claimed');
  expect(await stateAt(NOON + 25 * 60 * MINUTE)).toBe('missed');
});
