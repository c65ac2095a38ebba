import { createTestApplication, travelBack, travelTo, type TestApplication } from 'trilite/testing';
import { ConnectionRegistry } from '../../src/database/connection-registry';
import type { JobClass } from '../../src/queue/job';
import type { ScheduleFile } from '../../src/schedule/schedule';
import { ScheduleStore } from '../../src/schedule/schedule-store';
import type { SchedulerOptions } from '../../src/schedule/scheduler';
import type { SchedulerEvent } from '../../src/schedule/scheduler-events';
import { exportDefault, type TestProject } from './project';
import { MINUTE, NOON } from './schedule';
import { createProjectInMode } from './tenants';

let project: TestProject;
let apps: TestApplication[];
export let events: SchedulerEvent[];

/** A queue file that is waited for so long. */
const databaseWaiting = (busyTimeout: string): string =>
  exportDefault(`{
  default: 'default',
  connections: {
    default: { driver: 'sqlite', file: 'database.sqlite' },
    cache: { driver: 'sqlite', file: 'cache.sqlite' },
    queue: { driver: 'sqlite', file: 'queue.sqlite', busyTimeout: '${busyTimeout}' },
  },
}`);

/** Gives every test of a file a project with tenants, and a clock that stands still at noon. */
export function useTenantSchedule(mode: 'files' | 'single' = 'files'): void {
  beforeEach(() => {
    project = createProjectInMode(mode, { 'config/database.js': databaseWaiting('50ms') });
    apps = [];
    events = [];
    travelTo(NOON);
  });

  afterEach(async () => {
    travelBack();
    for (const app of apps) await app.close();
    project.remove();
  });
}

/** Has the application of a test wait for its queue files, however busy the machine is: by default nobody does for long. */
export function waitForQueues(): void {
  project.write('config/database.js', databaseWaiting('60s'));
}

/** An application with a schedule and some tenants. */
export async function appWithTenants(
  tenants: readonly string[],
  schedule: ScheduleFile,
  jobs: readonly JobClass[] = [],
): Promise<TestApplication> {
  const app = await createTestApplication({ basePath: project.path, schedule, jobs });
  apps.push(app);
  for (const id of tenants) await app.tenancy.create(id);
  return app;
}

/** Runs what is due some minutes after noon, as a new scheduler would. */
export async function runDueAt(
  app: TestApplication,
  minute: number,
  options: SchedulerOptions = {},
): Promise<void> {
  travelTo(NOON + minute * MINUTE);
  await app.scheduler((event) => events.push(event), options).runDue();
}

/** What was told, as `kind tenant`, of a fan-out with its tally. */
export function told(): string[] {
  return events.map((event) => {
    if (event.kind === 'error') return `error ${event.tenant ?? ''}: ${event.error.message}`;
    if (event.kind !== 'fanned-out') return `${event.kind} ${event.run.tenant ?? '-'}`;
    const { done, failed, skipped } = event.tally;
    return `fanned-out ${done}/${failed}/${skipped}`;
  });
}

/** The runs of a task for a tenant, in a file that all share. */
export async function sharedRunsOf(app: TestApplication, tenant: string, task: string) {
  const connection = app.connections.connection('queue');
  const rows = await new ScheduleStore(connection, tenant).runs(task, 1000);
  return rows.reverse().map(({ dueAt, state }) => `${(dueAt - NOON) / MINUTE}: ${state}`);
}

/** The runs of a task in a tenant's file as `minutes since noon: state`, oldest first. */
export async function runsOf(app: TestApplication, tenant: string, task: string) {
  const rows = await app.tenancy.run(
    tenant,
    (_tenant, scope) => {
      const connection = scope.make(ConnectionRegistry).connection('queue');
      return new ScheduleStore(connection).runs(task, 1000);
    },
    { states: ['active', 'suspended', 'down'] },
  );
  return rows.reverse().map(({ dueAt, state }) => `${(dueAt - NOON) / MINUTE}: ${state}`);
}

/** The runs of a task in the application's file as `minutes since noon: state`, oldest first. */
export async function centralRunsOf(app: TestApplication, task: string): Promise<string[]> {
  const rows = await app.schedule.store.runs(task, 1000);
  return rows.reverse().map(({ dueAt, state }) => `${(dueAt - NOON) / MINUTE}: ${state}`);
}
