import request from 'supertest';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

async function serve(kernel: string, settings = '{}') {
  project = createProject({
    'config/app.js': exportDefault(settings),
    'app/http/kernel.js': exportDefault(kernel),
  });
  app = await createTestApplication({
    basePath: project.path,
    routes: (route) => {
      route.get('/', () => 'page');
      route.post('/', () => 'sent');
      route.get('/fail', () => {
        throw new Error('x');
      });
    },
  });
  return request(app.http().handler);
}

const policyOf = (headers: unknown): string =>
  (headers as Record<string, string>)['content-security-policy'] ?? '';

test('every answer has them, whatever became of its request', async () => {
  const client = await serve('{ secureHeaders: true }');
  const answers = [
    await client.get('/').expect(200),
    await client.get('/up').expect(200),
    await client.get('/nowhere').expect(404),
    await client.put('/').expect(405),
    await client.get('/fail').expect(500),
    await client.post('/').type('json').send('{').expect(400),
    await client.get('/%E0%A4%A').expect(404),
  ];
  for (const { headers } of answers) {
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'same-origin',
    });
    expect(policyOf(headers)).toMatch(/script-src 'self';/);
  }
});

test('over HTTP nothing sends browsers to HTTPS', async () => {
  const { headers } = await (await serve('{ secureHeaders: true }')).get('/');
  expect(headers).not.toHaveProperty('strict-transport-security');
  expect(policyOf(headers)).not.toContain('upgrade-insecure-requests');
});

test('with an address of HTTPS they are sent there', async () => {
  const client = await serve('{ secureHeaders: true }', "{ url: 'https://app.example' }");
  const { headers } = await client.get('/');
  expect(headers).toHaveProperty('strict-transport-security');
  expect(policyOf(headers)).toContain('upgrade-insecure-requests');
});

test('what an application says goes before', async () => {
  const client = await serve(`{ secureHeaders: {
    contentSecurityPolicy: { directives: { scriptSrc: ["'self'", 'https://cdn.example'] } },
    strictTransportSecurity: { maxAge: 60 },
    xFrameOptions: false,
  } }`);
  const { headers } = await client.get('/');
  expect(policyOf(headers)).toContain("script-src 'self' https://cdn.example;");
  expect(policyOf(headers)).toContain("default-src 'self';");
  expect(headers).toMatchObject({
    'strict-transport-security': expect.stringMatching(/^max-age=60/),
  });
  expect(headers).not.toHaveProperty('x-frame-options');
});

test('a policy may be left out', async () => {
  const client = await serve('{ secureHeaders: { contentSecurityPolicy: false } }');
  const { headers } = await client.get('/');
  expect(headers).toHaveProperty('x-content-type-options');
  expect(headers).not.toHaveProperty('content-security-policy');
});

test('without being asked for there are none', async () => {
  const { headers } = await (await serve('{}')).get('/');
  expect(headers).not.toHaveProperty('content-security-policy');
});
