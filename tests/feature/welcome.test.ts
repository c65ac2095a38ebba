import { createTestApplication, type TestApplication } from 'trilite/testing';

let app: TestApplication;

beforeEach(async () => {
  app = await createTestApplication();
});

afterEach(() => app.close());

test('the first page says what is running', async () => {
  const client = app.client();
  await client.get('/').assertOk().assertSee('database.sqlite', 'cache.sqlite', 'queue.sqlite');
});

test('the first page counts its visits in the cache', async () => {
  const client = app.client();
  await client.get('/');
  await client.get('/');
  expect(await app.tenancy.central(() => app.cache().get('visits'))).toBe(2);
});

test('the button of the first page has a report built', async () => {
  const client = app.client().from('/').followRedirects();
  await client.form('/reports', {}).assertOk().assertSee('waiting');
  expect(await app.runJobs()).toBe(1);
});

test('a report that is asked for as JSON is told by its id', async () => {
  const client = app.client();
  const { json } = await client
    .post('/reports')
    .assertAccepted()
    .assertJsonPath('state', 'waiting');
  const { id } = json as { id: string };
  await app.runJobs();
  await client.get(`/reports/${id}`).assertOk().assertJson({ id, state: 'done' });
  await client.get('/reports/unknown').assertNotFound();
});

test('every answer has the headers that protect pages', async () => {
  await app.client().get('/nowhere').assertNotFound().assertHeader('content-security-policy');
});

test('the first page holds neither scripts nor styles: its files do, and they are there', async () => {
  const client = app.client();
  const { text } = await client.get('/').assertOk();
  expect(text).not.toMatch(/<style|style="|<script(?! src=)|\son\w+="/);
  const files = [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url = '']) => url);
  expect(files).toHaveLength(3);
  for (const file of files) await client.get(file).assertOk();
});
