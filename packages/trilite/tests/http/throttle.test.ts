import request from 'supertest';
import { Limit, RateLimiter, throttle, type Request, type RouteFile } from 'trilite';
import {
  createTestApplication,
  travel,
  travelBack,
  travelTo,
  type TestApplication,
} from 'trilite/testing';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;

beforeEach(() => travelTo(Date.UTC(2026, 0, 1)));

afterEach(async () => {
  travelBack();
  await app.close();
  project.remove();
});

async function serve(routes: RouteFile, files: Record<string, string> = {}) {
  project = createProject(files);
  app = await createTestApplication({ basePath: project.path, routes });
  return request(app.http().handler);
}

describe('by address', () => {
  test('so many requests go through in a span, and are told what is left', async () => {
    const client = await serve((route) => {
      route.get('/', () => 'Hello').middleware(throttle(2, '10s'));
    });
    const first = await client.get('/').expect(200, 'Hello');
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1' });
    expect(first.headers).not.toHaveProperty('retry-after');
    await client.get('/').expect(200).expect('X-RateLimit-Remaining', '0');
    travel('3.5s');
    const refused = await client
      .get('/')
      .expect(429)
      .expect('Content-Type', /problem\+json/);
    expect(refused.headers).toMatchObject({
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '0',
      'retry-after': '7',
    });
    expect(refused.body).toMatchObject({ status: 429, code: 'E_TOO_MANY_REQUESTS' });
    travel('6.5s');
    await client.get('/').expect(200);
  });

  test('each address is counted by itself', async () => {
    const client = await serve(
      (route) => {
        route.get('/', () => 'Hello').middleware(throttle(1));
      },
      { 'config/app.js': exportDefault('{ http: { trustProxy: true } }') },
    );
    const from = (address: string) => client.get('/').set('X-Forwarded-For', address);
    await from('192.0.2.1').expect(200);
    await from('192.0.2.1').expect(429);
    await from('192.0.2.2').expect(200);
    travel('59s');
    await from('192.0.2.1').expect(429);
    travel('1s');
    await from('192.0.2.1').expect(200);
  });

  test('routes with equal numbers share the count, others do not', async () => {
    const client = await serve((route) => {
      route.get('/a', () => 'a').middleware(throttle(1, '1m'));
      route.get('/b', () => 'b').middleware(throttle(1, '1m'));
      route.get('/c', () => 'c').middleware(throttle(2, '1m'));
    });
    await client.get('/a').expect(200);
    await client.get('/b').expect(429);
    await client.get('/c').expect(200).expect('X-RateLimit-Remaining', '1');
  });

  test('wrong numbers are refused where they are written', async () => {
    await serve(() => undefined);
    expect(() => throttle(-1, '1m')).toThrow(RangeError);
    expect(() => throttle(1, 0)).toThrow(RangeError);
    expect(() => throttle(1, 'soon')).toThrow(TypeError);
  });
});

describe('by a named limiter', () => {
  const routes: RouteFile = (route) => {
    route.get('/', () => 'Hello').middleware(throttle('api'));
  };

  test('a request goes through when every limit has room for it', async () => {
    const client = await serve(routes);
    app
      .make(RateLimiter)
      .for('api', (given: Request) => [
        Limit.perMinute(2).by(given.get('x-user')),
        Limit.perMinute(3),
      ]);
    const by = (user: string) => client.get('/').set('X-User', user);
    await by('a').expect(200).expect('X-RateLimit-Limit', '2');
    await by('a').expect(200);
    await by('a').expect(429);
    await by('b').expect(200).expect('X-RateLimit-Limit', '3').expect('X-RateLimit-Remaining', '0');
    await by('b').expect(429).expect('Retry-After', '60');
  });

  test('a request without a limit is told none', async () => {
    const client = await serve(routes);
    app.limiter.for('api', () => Limit.none());
    const { headers } = await client.get('/').expect(200);
    expect(Object.keys(headers).filter((name) => name.startsWith('x-ratelimit'))).toEqual([]);
  });

  test('that nobody declared, the request fails with what to do', async () => {
    const client = await serve(routes, { 'config/app.js': exportDefault('{ debug: true }') });
    const { body } = await client.get('/').expect(500);
    expect(body).toMatchObject({
      code: 'E_RATE_LIMITER_UNKNOWN',
      help: expect.stringContaining('for("api", …)'),
    });
  });
});
