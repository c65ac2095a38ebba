import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { travelBack, travelTo } from 'trilite/testing';
import type { Application } from '../../src/application';
import { ConnectionRegistry } from '../../src/database/connection-registry';
import { exportDefault, type TestProject } from '../helpers/project';
import { MINUTE, NOON } from '../helpers/schedule';
import { SCHEDULER_STEPS, SchedulerProcess } from '../helpers/scheduler-process';
import { createTenantProject, openTenantApplication } from '../helpers/tenants';

/*
 * Schedulers in processes of the built framework (dist/, which "npm test" makes first) that are killed between tenants.
 */

const IDS = ['acme', 'globex', 'initech', 'umbrella'];

const NOTE = `const note = (text) => require('node:fs').appendFileSync(__dirname + '/../notes.txt', text + '\\n');
  const hang = () => { process.send('begun'); return new Promise(() => undefined); };`;

let project: TestProject;
let app: Application;
let children: SchedulerProcess[];

beforeEach(() => {
  project = createTenantProject({
    'steps.js': SCHEDULER_STEPS,
    'app/jobs/tick.js': 'exports.Tick = class Tick { handle() {} };',
  });
  children = [];
});

afterEach(async () => {
  travelBack();
  await Promise.all(children.map((child) => child.kill()));
  await app.close();
  project.remove();
});

async function start(schedule: string): Promise<void> {
  project.write('routes/console.js', `${NOTE}\n${exportDefault(schedule)}`);
  app = await openTenantApplication(project, { env: { APP_ENV: 'testing' } });
  travelTo(NOON);
  for (const id of IDS) await app.tenancy.create(id);
  travelBack();
}

async function newChild(): Promise<SchedulerProcess> {
  const child = new SchedulerProcess(project.path);
  children.push(child);
  await child.said('ready');
  return child;
}

function read<T>(id: string, statement: string): Promise<T[]> {
  return app.tenancy.run(id, (_tenant, scope) =>
    scope
      .make(ConnectionRegistry)
      .connection('queue')
      .read((handle) => handle.statement(statement).all() as T[]),
  );
}

function notes(): string[] {
  const file = join(project.path, 'notes.txt');
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

test('after a crash another scheduler goes on with the tenants that had no turn yet', async () => {
  await start(`(schedule) => {
    schedule
      .call('task', ({ tenant }) => (process.env.IN_CHILD && tenant.id === 'globex' ? hang() : note(tenant.id)))
      .hourly()
      .perTenant({ concurrency: 1 });
  }`);
  const child = await newChild();
  child.run(NOON);
  await child.said('begun');
  await child.kill();
  const told: string[] = [];
  travelTo(NOON + 20 * MINUTE);
  await app
    .scheduler((event) => {
      if (event.kind === 'error') throw event.error;
      told.push(`${event.kind} ${event.run.tenant ?? ''}`.trim());
    })
    .runDue();
  expect(told).toEqual([
    'crashed',
    'crashed globex',
    'running initech',
    'done initech',
    'running umbrella',
    'done umbrella',
    'fanned-out',
  ]);
  expect(notes()).toEqual(['acme', 'initech', 'umbrella']);
  const states = await Promise.all(IDS.map((id) => read(id, 'select state from schedule_runs')));
  expect(states.flat()).toEqual(['done', 'crashed', 'done', 'done'].map((state) => ({ state })));
});

test('a run that kills every scheduler is that of one tenant; the others have theirs', async () => {
  await start(`(schedule) => {
    schedule
      .call('task', ({ tenant }) => (tenant.id === 'acme' ? hang() : note(tenant.id)))
      .hourly()
      .perTenant({ concurrency: 1 })
      .rerunAfterCrash();
  }`);
  for (const minute of [0, 1, 2]) {
    const child = await newChild();
    child.run(NOON + minute * MINUTE);
    await child.said('begun');
    await child.kill();
  }
  travelTo(NOON + 3 * MINUTE);
  await app.scheduler().runDue();
  expect(await read('acme', 'select state, attempt from schedule_runs')).toEqual([
    { state: 'crashed', attempt: 3 },
  ]);
  expect(notes()).toEqual(['globex', 'initech', 'umbrella']);
});

test('two schedulers, killed at any moment, lose and double no run of any tenant', async () => {
  await start(`(schedule) => {
    const { Tick } = require('../app/jobs/tick.js');
    schedule.job(Tick).everyMinute().whenMissed('all').perTenant();
    schedule.call('note', ({ tenant, dueAt }) => note(tenant.id + ' ' + +dueAt)).everyMinute().perTenant();
  }`);
  let pair = await Promise.all([newChild(), newChild()]);
  const times = Array.from({ length: 24 }, (_, minute) => NOON + minute * MINUTE);
  for (const [index, time] of times.entries()) {
    for (const child of pair) child.run(time);
    const [victim, survivor] = index % 2 === 0 ? pair : pair.toReversed();
    if (index % 4 === 3) {
      await turns(Math.floor(Math.random() * 1500));
      await victim?.kill();
      await survivor?.said(time);
      if (time !== times.at(-1)) pair = [await newChild(), survivor as SchedulerProcess];
    } else {
      await Promise.all(pair.map((child) => child.said(time)));
    }
  }
  await Promise.all(pair.map((child) => child.kill()));
  travelTo(times.at(-1) ?? NOON);
  await app.scheduler().runDue();
  const runs = times.map((at) => ({ at, state: 'done' }));
  for (const id of IDS) {
    expect(
      await read(
        id,
        "select due_at as at, state from schedule_runs where task = 'Tick' order by due_at",
      ),
    ).toEqual(runs);
    expect(await read(id, 'select count(*) as jobs from jobs')).toEqual([{ jobs: times.length }]);
  }
  expect(new Set(notes()).size).toBe(notes().length);
});
