import { join } from 'node:path';
import { QueueRegistry, type QueueEvent } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { jobOf } from '../helpers/jobs';

const basePath = join(__dirname, '../fixtures/crash-app');
const Mail = jobOf(() => undefined, { name: 'Mail', options: { queue: 'mail' } });

let app: TestApplication;

beforeEach(async () => {
  app = await createTestApplication({ basePath, jobs: [Mail] });
});

afterEach(() => app.close());

test('whoever is given the registry hears of dispatches, of workers and of their jobs', async () => {
  const heard: QueueEvent[] = [];
  const stop = app.make(QueueRegistry).events.listen((event) => heard.push(event));
  const { id } = await app.queue().dispatch(Mail, 1);
  await app.runJobs();
  stop();
  await app.queue().dispatch(Mail, 2);
  expect(heard).toMatchObject([
    { kind: 'dispatched', connection: 'sqlite', id, queue: 'mail', job: 'Mail' },
    { kind: 'worker-started', connection: 'sqlite', queues: ['default', 'mail'] },
    { kind: 'running', connection: 'sqlite', job: { id } },
    { kind: 'done', connection: 'sqlite', job: { id } },
    { kind: 'worker-stopped', connection: 'sqlite', reason: 'empty', jobs: 1 },
  ]);
});
