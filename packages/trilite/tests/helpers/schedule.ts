import { createTestApplication, travelBack, travelTo, type TestApplication } from 'trilite/testing';
import type { JobClass } from '../../src/queue/job';
import type { ScheduleFile } from '../../src/schedule/schedule';
import type { RunRecord } from '../../src/schedule/schedule-store';
import type { Scheduler, SchedulerOptions } from '../../src/schedule/scheduler';
import type { SchedulerEvent } from '../../src/schedule/scheduler-events';
import { createProject, type TestProject } from './project';

/** A Thursday. */
export const NOON = Date.parse('2026-01-15T12:00:00Z');
export const MINUTE = 60_000;

let project: TestProject;
let apps: TestApplication[];
export let events: SchedulerEvent[];

/** Gives every test of a file a project, and a clock that stands still at noon. */
export function useSchedule(): void {
  beforeEach(() => {
    project = createProject();
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

/** An application with a schedule. */
export async function appWith(
  schedule: ScheduleFile,
  jobs: readonly JobClass[] = [],
): Promise<TestApplication> {
  const app = await createTestApplication({ basePath: project.path, schedule, jobs });
  apps.push(app);
  return app;
}

/** A scheduler whose events are kept. */
export function schedulerOf(app: TestApplication, options: SchedulerOptions = {}): Scheduler {
  return app.scheduler((event) => events.push(event), options);
}

/** Runs what is due at a moment, as a new scheduler would. */
export async function runDueAt(app: TestApplication, moment: number): Promise<void> {
  travelTo(moment);
  await schedulerOf(app).runDue();
}

/** What was told, as `kind name`. */
export function told(): string[] {
  return events.map((event) =>
    event.kind === 'error'
      ? `error ${event.error.message}`
      : `${event.kind} ${event.run.task.name}`,
  );
}

/** The runs of a task as `minutes since noon: state`, oldest first. */
export async function runsOf(app: TestApplication, task: string): Promise<string[]> {
  const rows = await app.schedule.store.runs(task, 1000);
  return rows.reverse().map((row) => `${minutes(row)}: ${row.state}`);
}

const minutes = ({ dueAt }: RunRecord): number => (dueAt - NOON) / MINUTE;
