import request from 'supertest';
import { type Request } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

/** What a request that says to have come by a proxy is taken for. */
async function askWith(trustProxy: string) {
  project = createProject({
    'config/app.js': exportDefault(`{ http: { trustProxy: ${trustProxy} } }`),
  });
  app = await createTestApplication({
    basePath: project.path,
    routes: (route) => {
      route.get('/', ({ ip, host, hostname, protocol, secure }: Request) => ({
        ip,
        host,
        hostname,
        protocol,
        secure,
      }));
    },
  });
  const { body } = await request(app.http().handler)
    .get('/')
    .set('Host', 'real.example')
    .set('X-Forwarded-Host', 'evil.example')
    .set('X-Forwarded-Proto', 'https')
    .set('X-Forwarded-For', '6.6.6.6, 7.7.7.7')
    .set('Forwarded', 'for=6.6.6.6;host=evil.example;proto=https')
    .set('X-Real-IP', '6.6.6.6')
    .expect(200);
  return body as Record<string, unknown>;
}

test.each(['false', '0', "'10.0.0.0/8'"])(
  'with trustProxy %s nobody here can say to be somebody else',
  async (trustProxy) => {
    expect(await askWith(trustProxy)).toEqual({
      ip: expect.stringMatching(/127\.0\.0\.1$/) as string,
      host: 'real.example',
      hostname: 'real.example',
      protocol: 'http',
      secure: false,
    });
  },
);

test.each(['1', "'loopback'", "'loopback, 10.0.0.0/8'"])(
  'with trustProxy %s the last hop alone is believed',
  async (trustProxy) => {
    expect(await askWith(trustProxy)).toMatchObject({
      ip: '7.7.7.7',
      host: 'evil.example',
      protocol: 'https',
    });
  },
);

test('with trustProxy true anybody writes any address', async () => {
  expect(await askWith('true')).toMatchObject({ ip: '6.6.6.6' });
});
