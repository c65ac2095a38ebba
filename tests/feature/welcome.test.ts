import request from 'supertest';
import { createTestApplication, type TestApplication } from 'trilite/testing';

let app: TestApplication;

beforeEach(async () => {
  app = await createTestApplication();
});

afterEach(() => app.close());

test('the first page says what is running', async () => {
  const response = await request(app.http().handler).get('/').expect(200);
  for (const file of ['database.sqlite', 'cache.sqlite', 'queue.sqlite']) {
    expect(response.text).toContain(file);
  }
});

test('the first page counts its visits in the cache', async () => {
  await request(app.http().handler).get('/');
  await request(app.http().handler).get('/');
  expect(await app.cache().get('visits')).toBe(2);
});
