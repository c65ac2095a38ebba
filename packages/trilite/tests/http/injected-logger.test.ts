import fs from 'node:fs';
import request from 'supertest';
import { injectable, Logger, QueueDispatcher } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { jobOf } from '../helpers/jobs';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;
let written: Record<string, unknown>[];

/** Logs as an application does: by what its constructor is given. */
@injectable()
class Greeter {
  constructor(private readonly logger: Logger) {}

  greet(whom: string): void {
    this.logger.info({ whom }, 'Greeted');
  }
}

const GreetLater = jobOf(
  async (whom) => {
    await Promise.resolve();
    app.make(Greeter).greet(String(whom));
  },
  { name: 'GreetLater' },
);

beforeEach(async () => {
  project = createProject({
    'config/logging.js': exportDefault("{ level: 'info', access: false }"),
  });
  app = await createTestApplication({
    basePath: project.path,
    jobs: [GreetLater],
    routes: (route) => {
      route.get('/greet/:whom', async (given) => {
        const greeter = app.make(Greeter);
        greeter.greet(given.params['whom'] as string);
        await app.make(QueueDispatcher).dispatch(GreetLater, 'later');
        return 'done';
      });
      route.get('/now', async () => {
        await app.queue('sync').dispatch(GreetLater, 'later');
        app.make(Greeter).greet('after');
        return 'done';
      });
    },
  });
  written = [];
  jest.spyOn(fs, 'writeSync').mockImplementation((_fd: number, text: string) => {
    written.push(JSON.parse(text) as Record<string, unknown>);
    return text.length;
  });
});

afterEach(async () => {
  jest.restoreAllMocks();
  await app.close();
  project.remove();
});

test('what is logged in a request and in a job names them, although nobody passes that along', async () => {
  const answer = await request(app.http().handler).get('/greet/ada').expect(200);
  await app.runJobs();
  expect(written).toEqual([
    expect.objectContaining({
      msg: 'Greeted',
      whom: 'ada',
      requestId: answer.headers['x-request-id'],
    }),
    expect.objectContaining({ msg: 'Greeted', whom: 'later', jobId: expect.any(String) as string }),
  ]);
  expect(written[0]).not.toHaveProperty('jobId');
  expect(written[1]).not.toHaveProperty('requestId');
});

test('a job that is done at once names itself and the request, which goes on without the job', async () => {
  const answer = await request(app.http().handler).get('/now').expect(200);
  const requestId: unknown = answer.headers['x-request-id'];
  expect(written).toEqual([
    expect.objectContaining({ whom: 'later', requestId, jobId: expect.any(String) as string }),
    expect.objectContaining({ whom: 'after', requestId }),
  ]);
  expect(written[1]).not.toHaveProperty('jobId');
});
