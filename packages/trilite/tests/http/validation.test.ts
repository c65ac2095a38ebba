import request from 'supertest';
import { injectable, validated, type Request, type RouteFile } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { z } from 'zod';
import { createProject, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

async function serve(routes: RouteFile) {
  project = createProject();
  app = await createTestApplication({ basePath: project.path, routes });
  return request(app.http().handler);
}

const newReport = validated(
  z.object({
    title: z.string().min(3),
    items: z.array(z.object({ name: z.string() })).default([]),
  }),
);
const listing = validated({
  query: z.object({ page: z.coerce.number().int().min(1).default(1) }),
  headers: z.object({ 'x-team': z.string().optional() }),
});
const numbered = validated({ params: z.object({ id: z.coerce.number() }) });

let made = 0;

@injectable()
class Reports {
  constructor() {
    made += 1;
  }

  @newReport
  store(given: Request) {
    return given.valid(newReport);
  }

  index(given: Request) {
    const { query, headers } = given.valid(listing);
    return { page: query.page + 1, team: headers['x-team'] ?? null };
  }

  @numbered
  @listing
  show(given: Request) {
    return given.valid(numbered).params.id + given.valid(listing).query.page;
  }

  forgotten(given: Request) {
    return given.valid(newReport);
  }
}

const routes: RouteFile = (route) => {
  route.post('/reports', [Reports, 'store']);
  route.get('/reports', [Reports, 'index']).validate(listing);
  route.get('/reports/:id', [Reports, 'show']);
  route.post('/forgotten', [Reports, 'forgotten']);
  route.post('/echo', (given) => given.body as unknown);
};

describe('what a request holds', () => {
  test('reaches the controller as the schema makes it, without what it does not name', async () => {
    const client = await serve(routes);
    const body = { title: 'Sales', admin: true, items: [{ name: 'a', price: 1 }] };
    await client
      .post('/reports')
      .send(body)
      .expect(200, { title: 'Sales', items: [{ name: 'a' }] });
    await client.post('/reports').type('form').send('title=Sales').expect(200);
    await client.get('/reports?page=2').set('X-Team', 'red').expect(200, { page: 3, team: 'red' });
    await client.get('/reports').expect(200, { page: 2, team: null });
  });

  test('that is not valid is 422 with what is wrong with which field, and no controller is made', async () => {
    const client = await serve(routes);
    made = 0;
    const { body } = await client
      .post('/reports')
      .send({ title: 'x', items: [{ name: 'a' }, { name: 1 }] })
      .expect(422)
      .expect('Content-Type', /problem\+json/);
    expect(body).toMatchObject({ status: 422, code: 'E_INPUT_INVALID' });
    expect(Object.keys((body as { errors: object }).errors)).toEqual(['title', 'items.1.name']);
    expect(made).toBe(0);
  });

  test('may be asked for several times, above a method', async () => {
    const client = await serve(routes);
    await client.get('/reports/7?page=2').expect(200, '9');
    await client.get('/reports/x?page=2').expect(422);
    await client.get('/reports/7?page=0').expect(422);
  });

  test('of nothing at all is judged as an empty object', async () => {
    const client = await serve(routes);
    const { body } = await client.post('/reports').expect(422);
    expect((body as { errors: object }).errors).toHaveProperty('title');
  });

  test('a list in place of an object is no object', async () => {
    const client = await serve(routes);
    const { body } = await client.post('/reports').send(['title']).expect(422);
    expect((body as { errors: object }).errors).toHaveProperty('');
    await client.get('/reports?page=1&page=2').expect(422);
  });

  test('names a hundred problems at most', async () => {
    const client = await serve(routes);
    const items = Array.from({ length: 1000 }, () => ({ name: 1 }));
    const { body } = await client.post('/reports').send({ title: 'Sales', items }).expect(422);
    expect(Object.keys((body as { errors: object }).errors)).toHaveLength(100);
  });

  test('that a route does not ask for is an error that says so', async () => {
    const client = await serve(routes);
    await client.post('/forgotten').send({ title: 'Sales' }).expect(500);
  });
});

describe('a body', () => {
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const post = async (text: string) => {
    const client = await serve(routes);
    return client.post('/echo').set('Content-Type', 'application/json').send(text);
  };

  test('that is nested as deep as people do is read', async () => {
    expect((await post(nested(50))).status).toBe(200);
  });

  test.each([
    ['a hundred thousand levels deep', nested(40_000)],
    ['that would change what a copy inherits', '{"a":[{"__proto__":{"admin":true}}]}'],
    ['that hides it', '{"\\u005f_proto__":{"admin":true}}'],
    ['that is no JSON', '{"a":'],
    ['that is a text', '"text"'],
  ])('%s is 400', async (_what, text) => {
    expect((await post(text)).status).toBe(400);
  });

  test('of a form cannot change it either', async () => {
    const client = await serve(routes);
    const answer = await client.post('/echo').type('form').send('__proto__=1&a=2').expect(200);
    expect(answer.text).toBe('{"a":"2"}');
  });
});
