import { QueueDispatcher } from 'trilite';
import { createTestApplication, fakeQueue, type TestApplication } from 'trilite/testing';
import { jobOf } from '../helpers/jobs';
import type { TestProject } from '../helpers/project';
import { createProjectInMode } from '../helpers/tenants';

/* A fake notes what is dispatched for whomever: one that overlooked tenants would have "nothing was dispatched" hold where much was. */

describe.each(['files', 'single'] as const)('with tenants in mode %s', (mode) => {
  const handle = jest.fn();
  const Mail = jobOf(handle, { name: 'Mail' });
  const Report = jobOf(handle, { name: 'Report' });
  let project: TestProject;
  let app: TestApplication;

  const forTenant = (work: (queue: QueueDispatcher) => Promise<unknown>): Promise<unknown> =>
    app.tenancy.run('acme', (_tenant, scope) => work(scope.make(QueueDispatcher)));

  beforeEach(async () => {
    handle.mockReset();
    project = createProjectInMode(mode);
    app = await createTestApplication({ basePath: project.path, jobs: [Mail, Report] });
    await app.tenancy.create({ id: 'acme' });
  });

  afterEach(async () => {
    await app.close();
    project.remove();
  });

  test('jobs of a tenant are noted, and none is run', async () => {
    const fake = fakeQueue(app);
    await forTenant((queue) => queue.dispatch(Mail, 1));
    await forTenant((queue) => queue.dispatchSync(Mail, 2));
    expect(fake.dispatched(Mail).map(({ payload }) => payload)).toEqual([1, 2]);
    expect(() => fake.assertNothingDispatched()).toThrow('Mail 1');
    expect(await app.runJobs()).toBe(0);
    expect(handle).not.toHaveBeenCalled();
  });

  test('so are those of a tenant whose queue was in use before', async () => {
    await forTenant((queue) => queue.dispatch(Report, 1));
    await app.runJobs();
    const fake = fakeQueue(app);
    await forTenant((queue) => queue.dispatch(Mail, 2));
    fake.assertCount(1);
  });

  test('what is excepted lies in the tenant’s own queue, and is run', async () => {
    const fake = fakeQueue(app, { except: [Report] });
    await forTenant((queue) => queue.dispatch(Report, 1));
    await forTenant((queue) => queue.dispatch(Mail, 2));
    expect(await app.runJobs()).toBe(1);
    expect(handle.mock.calls.map(([payload]: unknown[]) => payload)).toEqual([1]);
    fake.assertCount(1);
    fake.assertDispatched(Mail);
  });
});
