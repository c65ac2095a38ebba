import type { Application } from '../application';
import type { Task } from '../schedule/task';
import { clock } from '../support/clock';
import { expectThat } from './expectation';

/** A task that would have run. */
export interface NotedTask {
  readonly name: string;
  /** Whose run it would have been, by id; undefined for one of the application itself. */
  readonly tenant: string | undefined;
}

/**
 * Notes the tasks of the schedule in the place of what they do, from now on. Everything else is as ever: what is due, what was missed, pauses,
 * conditions, hooks, overlaps, and that a time is run once.
 */
export function fakeSchedule(app: Application): FakeSchedule {
  const fake = new FakeSchedule(app);
  app.schedule.use((task, tenant) => fake.note(task, tenant));
  return fake;
}

/** Asserts what the schedule declares, and what ran of it. Tasks are named as `schedule:list` names them. */
export class FakeSchedule {
  readonly #app: Application;
  readonly #noted: NotedTask[] = [];
  readonly #skipped: string[] = [];

  constructor(app: Application) {
    this.#app = app;
  }

  /** Takes note of a task. Called by what would run it. */
  note({ name }: Task, tenant: string | undefined): void {
    this.#noted.push({ name, tenant });
  }

  /** Looks once what is due now, which the test may have travelled to, and waits until all of it has ended. */
  async runDue(): Promise<void> {
    const errors: Error[] = [];
    const scheduler = this.#app.scheduler((event) => {
      if (event.kind === 'skipped') this.#skipped.push(`${event.run.task.name} (${event.reason})`);
      if (event.kind === 'error') errors.push(event.error);
    });
    await this.#app.tenancy.central(() => scheduler.runDue());
    const [error] = errors;
    if (error !== undefined) throw error;
  }

  /** The names of the tasks whose time a minute is, by default this one; conditions are not asked. */
  dueAt(moment: Date | number = clock.now()): string[] {
    return this.#app.schedule.tasks.filter((task) => isDueAt(task, moment)).map(({ name }) => name);
  }

  /** What would have run, in order. */
  ran(): readonly NotedTask[] {
    return this.#noted;
  }

  /** Asserts that there is a task; with an expression, that it is due by it. @throws E_SCHEDULE_TASK_UNKNOWN */
  assertScheduled(name: string, expression?: string): void {
    const task = this.#app.schedule.find(name);
    expectThat(
      expression === undefined || task.expression === expression,
      `Expected the task "${name}" to be due by "${String(expression)}"; it is by "${task.expression}", ${task.timezone}.`,
    );
  }

  /** Asserts that there is no such task. */
  assertNotScheduled(name: string): void {
    const names = this.#app.schedule.tasks.map((task) => task.name);
    expectThat(
      !names.includes(name),
      `Expected no task "${name}" in the schedule, and it is there.`,
    );
  }

  /** Asserts that a task is due in the minute of a moment. @throws E_SCHEDULE_TASK_UNKNOWN */
  assertDueAt(name: string, moment: Date | number): void {
    const task = this.#app.schedule.find(name);
    expectThat(
      isDueAt(task, moment),
      `Expected the task "${name}" to be due at ${textOf(moment)}; next it is at ${textOf(task.times.next(Number(moment)))}. Due then: ${listed(this.dueAt(moment))}.`,
    );
  }

  /** Asserts that a task is not due in the minute of a moment. @throws E_SCHEDULE_TASK_UNKNOWN */
  assertNotDueAt(name: string, moment: Date | number): void {
    const isDue = isDueAt(this.#app.schedule.find(name), moment);
    expectThat(
      !isDue,
      `Expected the task "${name}" not to be due at ${textOf(moment)}, and it is.`,
    );
  }

  /** Asserts that a task would have run; with a tenant, for it. */
  assertRan(name: string, tenant?: string): void {
    expectThat(
      this.#noted.some((one) => isLike(one, name, tenant)),
      `Expected the task ${labelOf({ name, tenant })} to run; ${this.#story()}`,
    );
  }

  /** Asserts that a task would not have run. @throws E_SCHEDULE_TASK_UNKNOWN: one that is not there never does */
  assertNotRan(name: string, tenant?: string): void {
    this.#app.schedule.find(name);
    expectThat(
      !this.#noted.some((one) => isLike(one, name, tenant)),
      `Expected the task ${labelOf({ name, tenant })} not to run; ${this.#story()}`,
    );
  }

  /** Asserts how often a task would have run, for all tenants together. */
  assertRanTimes(name: string, expected: number): void {
    this.#app.schedule.find(name);
    const found = this.#noted.filter((one) => one.name === name).length;
    expectThat(
      found === expected,
      `Expected the task "${name}" to run ${expected} times, found ${found}; ${this.#story()}`,
    );
  }

  /** Asserts that no task would have run. */
  assertNothingRan(): void {
    expectThat(this.#noted.length === 0, `Expected no task to run; ${this.#story()}`);
  }

  #story(): string {
    return `ran: ${listed(this.#noted.map(labelOf))}; skipped: ${listed(this.#skipped)}.`;
  }
}

const MINUTE_MS = 60_000;

function isDueAt({ times }: Task, moment: Date | number): boolean {
  const minute = Math.floor(Number(moment) / MINUTE_MS) * MINUTE_MS;
  return times.between(minute - 1, minute + MINUTE_MS - 1, 1).length > 0;
}

function isLike(noted: NotedTask, name: string, tenant: string | undefined): boolean {
  return noted.name === name && (tenant === undefined || noted.tenant === tenant);
}

function labelOf({ name, tenant }: NotedTask): string {
  return tenant === undefined ? `"${name}"` : `"${name}" for tenant "${tenant}"`;
}

function textOf(moment: Date | number | undefined): string {
  return moment === undefined ? 'no time' : new Date(moment).toISOString();
}

function listed(texts: readonly string[]): string {
  return texts.join(', ') || 'none';
}
