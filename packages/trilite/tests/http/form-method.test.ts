import { upload, type RouteFile } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import request from 'supertest';
import { createProject, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

const thePicture = upload('picture');

const routes: RouteFile = (route) => {
  route.any('/posts/:post', ({ method }) => method);
  route.put('/pictures', (given) => given.file(thePicture)?.bytes).upload(thePicture);
};

async function serve() {
  project = createProject();
  app = await createTestApplication({ basePath: project.path, routes });
  return request(app.http().handler);
}

test.each(['PUT', 'patch', 'DELETE'])('a form may ask for %s', async (method) => {
  const client = await serve();
  const sent = client.post('/posts/7').type('form').send({ _method: method });
  await sent.expect(200, method.toUpperCase());
});

test('it may also where a proxy writes the port that goes without saying', async () => {
  const client = await serve();
  const sent = client.post('/posts/7').type('form').send({ _method: 'PUT' });
  await sent.set({ Host: 'a.example:443', Origin: 'https://a.example' }).expect(200, 'PUT');
});

test.each([
  ['for a method that changes nothing', { _method: 'GET' }, {}],
  ['for what is no method', { _method: 'CONNECT' }, {}],
  ['of another site, by Sec-Fetch-Site', { _method: 'DELETE' }, { 'Sec-Fetch-Site': 'cross-site' }],
  ['of a sister site', { _method: 'DELETE' }, { 'Sec-Fetch-Site': 'same-site' }],
  ['of another site, by Origin', { _method: 'DELETE' }, { Origin: 'https://evil.example' }],
  ['of nobody', { _method: 'DELETE' }, { Origin: 'null' }],
])('one %s stays a POST', async (_what, fields, headers) => {
  const client = await serve();
  await client.post('/posts/7').type('form').set(headers).send(fields).expect(200, 'POST');
});

test('JSON is what its method says, and so is a GET', async () => {
  const client = await serve();
  await client.post('/posts/7').send({ _method: 'DELETE' }).expect(200, 'POST');
  await client.get('/posts/7?_method=DELETE').expect(200, 'GET');
  await client.post('/posts/7?_method=DELETE').type('form').send({ a: 1 }).expect(200, 'POST');
});

test('a form with files says it in its address', async () => {
  const client = await serve();
  const sent = client.post('/pictures?_method=PUT').attach('picture', Buffer.from('abc'), 'a.txt');
  await sent.expect(200, '3');
});
