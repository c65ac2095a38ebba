import type { Application } from '../../src/application';
import { QueueDispatcher } from '../../src/queue/queue-dispatcher';
import { job } from '../../src/queue/pending-job';
import { jobOf } from '../helpers/jobs';
import type { TestProject } from '../helpers/project';
import { createProjectInMode, openTenantApplication } from '../helpers/tenants';

// Which job is next where tenants share the queue of the application.

const Note = jobOf((payload) => void ran.push(payload as string), { name: 'Note' });

const ran: string[] = [];
let project: TestProject;
let app: Application;

beforeEach(async () => {
  ran.splice(0);
  project = createProjectInMode('single');
  app = await openTenantApplication(project, { jobs: [Note] });
  for (const id of ['acme', 'globex', 'initech']) await app.tenancy.create(id);
});

afterEach(async () => {
  await app.close();
  project.remove();
});

interface Asked {
  readonly count: number;
  readonly priority?: number;
  readonly delay?: number;
}

/** Dispatches jobs of a tenant, or of the application itself: ''. */
async function dispatch(id: string, { count, ...options }: Asked): Promise<void> {
  const bulk = async (): Promise<void> => {
    const jobs = Array.from({ length: count }, (_, index) =>
      job(Note, `${id}${index}` as never, options),
    );
    await app.make(QueueDispatcher).bulk(jobs);
  };
  await (id === '' ? app.tenancy.central(bulk) : app.tenancy.run(id, bulk));
}

/** Whose jobs are claimed, some at a time. */
async function claimed(limit: number, owner = 'worker'): Promise<string[]> {
  const request = { queues: ['default'], limit, owner, leaseMs: 60_000 };
  const jobs = await app.queues.store().claim(request);
  return jobs.map(({ payload }) => JSON.parse(payload) as string);
}

test('ten thousand jobs of one tenant do not keep the jobs of others waiting', async () => {
  await dispatch('acme', { count: 10_000 });
  await dispatch('globex', { count: 1 });
  await dispatch('', { count: 1 });
  const options = {
    concurrency: 1,
    maxJobs: 4,
    queues: ['default'],
    sleepMs: 100,
    stopWhenEmpty: true,
    once: false,
    shutdownMs: 1000,
    isWatched: false,
    tries: 1,
    timeoutMs: 0,
    backoff: 0,
  };
  await app.queues.worker('sqlite', options).run();
  expect([...ran].sort()).toEqual(['0', 'acme0', 'acme1', 'globex0']);
});

test('one claim takes a job of each, and then the next of each', async () => {
  await dispatch('acme', { count: 3 });
  await dispatch('globex', { count: 2 });
  await dispatch('initech', { count: 1 });
  expect(await claimed(5)).toEqual(['acme0', 'globex0', 'initech0', 'acme1', 'globex1']);
  expect(await claimed(5)).toEqual(['acme2']);
  expect(await claimed(5)).toEqual([]);
});

test('the next claim goes on where the last one ended', async () => {
  for (const id of ['acme', 'globex', 'initech']) await dispatch(id, { count: 3 });
  expect(await claimed(2)).toEqual(['acme0', 'globex0']);
  expect(await claimed(2)).toEqual(['initech0', 'acme1']);
  expect(await claimed(1)).toEqual(['globex1']);
});

test('a higher priority comes first, whose ever it is', async () => {
  await dispatch('acme', { count: 1 });
  await dispatch('globex', { count: 2, priority: 5 });
  expect(await claimed(3)).toEqual(['globex0', 'globex1', 'acme0']);
});

test('whose jobs are not due yet is passed over', async () => {
  await dispatch('acme', { count: 2, delay: 3600 });
  await dispatch('globex', { count: 2 });
  expect(await claimed(3)).toEqual(['globex0', 'globex1']);
});

test('each queue has a round of its own', async () => {
  await dispatch('acme', { count: 2 });
  await app.tenancy.run('globex', () =>
    app.make(QueueDispatcher).dispatch(Note, 'mail', { queue: 'mail' }),
  );
  const request = { queues: ['mail', 'default'], limit: 3, owner: 'worker', leaseMs: 60_000 };
  const jobs = await app.queues.store().claim(request);
  expect(jobs.map(({ queue }) => queue)).toEqual(['mail', 'default', 'default']);
});

test('where hundreds of tenants have nothing due, the job that is due is found all the same', async () => {
  const store = app.queues.store();
  const at = Date.now();
  const jobFor = (tenantId: string, availableAt: number) => ({
    id: tenantId,
    queue: 'default',
    job: 'Note',
    payload: `"${tenantId}"`,
    priority: 0,
    availableAt,
    maxCrashes: 1,
    tenantId,
  });
  const later = Array.from({ length: 500 }, (_, index) => jobFor(`t-${index}`, at + 3_600_000));
  await store.push([...later, jobFor('zeta', at - 1)]);
  expect(await claimed(2)).toEqual(['zeta']);
});

test('a claim reads no more than the jobs it takes', async () => {
  await dispatch('acme', { count: 10 });
  const plan = await app.connections.connection('queue').read((handle) =>
    handle
      .statement(
        `explain query plan select id from jobs where state = 'waiting' and queue = 'default' and priority = 0
           and coalesce(tenant_id, '') = 'acme' and available_at <= 1 order by available_at, id limit 1`,
      )
      .all(),
  );
  expect(JSON.stringify(plan)).toContain(
    'jobs_turns (queue=? AND priority=? AND <expr>=? AND available_at<?)',
  );
});
