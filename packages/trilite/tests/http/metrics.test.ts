import request from 'supertest';
import { CacheRepository, Database, sql, type RouteFile } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { metricsEndpoint } from '../../src/http/metrics-endpoint';
import { jobOf } from '../helpers/jobs';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

const Waits = jobOf(() => undefined, { name: 'Waits' });
const TOKEN = 'a-token-of-prometheus';

const routes: RouteFile = (route) => {
  route.get('/reports/:id', async () => {
    await sql`select 1`.execute(app.make(Database));
    await app.make(CacheRepository).get('not there');
    return 'done';
  });
};

async function serve(metrics: string) {
  project = createProject({ 'config/app.js': exportDefault(`{ http: { metrics: ${metrics} } }`) });
  app = await createTestApplication({ basePath: project.path, routes, jobs: [Waits] });
  return request(app.http().handler);
}

describe('metrics', () => {
  test('count requests by pattern and not by path, and what they asked for', async () => {
    const client = await serve('{}');
    await client.get('/reports/7').expect(200);
    await client.get('/reports/8').expect(200);
    await client.get('/nowhere/secret').expect(404);
    await app.queue().dispatch(Waits, {});
    await app.runJobs();
    const { text } = await client
      .get('/metrics')
      .expect(200)
      .expect('Content-Type', /text\/plain/);
    expect(text).toContain(
      'trilite_http_request_duration_seconds_count{method="GET",route="/reports/:id",status="200"} 2',
    );
    expect(text).toContain(
      'trilite_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1',
    );
    expect(text).toContain('trilite_http_requests_in_flight 0');
    expect(text).toContain('trilite_queries_total{connection="default"} 2');
    expect(text).toContain('trilite_cache_reads_total{store="sqlite",result="miss"} 2');
    expect(text).toContain('trilite_jobs_total{queue="default",outcome="done"} 1');
    expect(text).toMatch(/^process_cpu_user_seconds_total /m);
    expect(text).not.toMatch(/secret|reports\/7/);
  });

  test('tell how many jobs each queue holds at the moment', async () => {
    const client = await serve('{}');
    const size = async (): Promise<string | undefined> =>
      /trilite_queue_jobs\{connection="sqlite",queue="default",state="ready"\} (\d+)/.exec(
        (await client.get('/metrics')).text,
      )?.[1];
    await app.queue().dispatch(Waits, {});
    expect(await size()).toBe('1');
    await app.runJobs();
    expect(await size()).not.toBe('1');
  });

  test('are another application’s own in the same process', async () => {
    const client = await serve('{}');
    await client.get('/reports/7').expect(200);
    const other = await createTestApplication({ basePath: project.path });
    try {
      const { text } = await request(other.http().handler).get('/metrics').expect(200);
      expect(text).not.toContain('/reports/:id');
    } finally {
      await other.close();
    }
  });

  test('are nowhere by default, and nothing is counted', async () => {
    const client = await serve('false');
    await client.get('/metrics').expect(404);
    expect(app.queues.events.isHeard).toBe(false);
    expect(app.connections.lockWaits.isHeard).toBe(false);
  });

  test('lie at the path that is asked for', async () => {
    const client = await serve("{ path: '/ops/metrics' }");
    await client.get('/ops/metrics').expect(200);
    await client.get('/metrics').expect(404);
  });

  test('are answered while the application is down', async () => {
    const client = await serve('{}');
    app.maintenance.begin();
    await client.get('/metrics').expect(200);
  });
});

describe('without a token metrics are there', () => {
  test('for nobody whom a proxy asks for', async () => {
    const client = await serve('{}');
    for (const header of ['X-Forwarded-For', 'Forwarded', 'Via']) {
      await client.get('/metrics').set(header, '127.0.0.1').expect(404);
    }
  });

  test.each([
    ['localhost', 200],
    ['LOCALHOST:3000', 200],
    ['127.0.0.2:3000', 200],
    ['[::1]:3000', 200],
    ['shop.example', 404],
    ['localhost.shop.example', 404],
    ['127.0.0.1.example', 404],
    ['', 404],
  ])('for the host "%s": %s', async (host, status) => {
    const client = await serve('{}');
    await client.get('/metrics').set('Host', host).expect(status);
  });

  test.each([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['127.0.0.1.example', false],
    ['', false],
  ])('for the peer "%s": %s', async (remoteAddress, isThere) => {
    await serve('{}');
    const text = jest.fn(() => Promise.resolve({ type: 'text/plain', body: '' }));
    const next = jest.fn();
    const response = { setHeader: () => undefined, end: () => undefined };
    await metricsEndpoint({}, text)(
      { socket: { remoteAddress }, headers: { host: 'localhost' } } as never,
      response as never,
      next,
    );
    expect([text.mock.calls.length, next.mock.calls.length]).toEqual(isThere ? [1, 0] : [0, 1]);
  });
});

test('with a token metrics are there for who has it, wherever they are', async () => {
  const client = await serve(`{ token: '${TOKEN}' }`);
  await client.get('/metrics').expect(404);
  await client.get('/metrics').set('Authorization', `Bearer ${TOKEN}x`).expect(404);
  await client.get('/metrics').set('Authorization', TOKEN).expect(404);
  await client
    .get('/metrics')
    .set({ Authorization: `Bearer ${TOKEN}`, 'X-Forwarded-For': '10.0.0.1' })
    .expect(200);
});

test.each(["{ path: 'metrics' }", "{ path: '/:id' }", "{ token: 'short' }", 'true'])(
  'metrics cannot be %s',
  async (metrics) => {
    await serve('false');
    const files = { 'config/app.js': exportDefault(`{ http: { metrics: ${metrics} } }`) };
    const other = createProject(files);
    try {
      const opening = createTestApplication({ basePath: other.path });
      await expect(opening).rejects.toMatchObject({ code: 'E_CONFIG_INVALID' });
    } finally {
      other.remove();
    }
  },
);
