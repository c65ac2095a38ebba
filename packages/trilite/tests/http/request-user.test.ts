import request from 'supertest';
import { defineHttpKernel, type Next, type Request, type Response, type RouteFile } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

declare module 'trilite' {
  interface RequestUser {
    id: number;
    tenants?: readonly string[];
  }
}

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

/** By a header, which stands for a token that was looked up. */
const AUTHENTICATE = `(request, response, next) => {
  const id = request.get('X-Id');
  if (id !== undefined) request.actAs({ id: Number(id), tenants: ['acme'] });
  next();
}`;

const whoami: RouteFile = (route) => {
  route.get('/whoami', ({ user }) => ({ user: user ?? null }));
  route.get('/sign-out', (given) => {
    given.actAs(undefined);
    return { user: given.user ?? null };
  });
};

async function open(files: Readonly<Record<string, string>>): Promise<void> {
  project = createProject(files);
  app = await createTestApplication({ basePath: project.path, routes: whoami });
}

const kernel = (options: string) => ({ 'app/http/kernel.js': exportDefault(options) });

test('a request comes from nobody until a middleware says whom from', async () => {
  await open(kernel(`{ middleware: [${AUTHENTICATE}] }`));
  const client = request(app.http().handler);
  await client.get('/whoami').expect(200, { user: null });
  await client
    .get('/whoami')
    .set('X-Id', '7')
    .expect(200, { user: { id: 7, tenants: ['acme'] } });
  await client.get('/whoami').expect(200, { user: null });
  await client.get('/sign-out').set('X-Id', '7').expect(200, { user: null });
});

test('nothing that comes in with a request makes somebody of it', async () => {
  await open({});
  const { body } = await request(app.http().handler)
    .get('/whoami?user[id]=7&user=7')
    .set('User', '7')
    .set('X-User', '{"id":7}')
    .set('Cookie', 'user=7');
  expect(body).toEqual({ user: null });
});

test('a middleware for express says it by assigning the property', async () => {
  await open(
    kernel(`{ middleware: [(request, _, next) => { request.user = { id: 8 }; next(); }] }`),
  );
  await request(app.http().handler)
    .get('/whoami')
    .expect(200, { user: { id: 8 } });
});

test('the types of a middleware know the user', () => {
  const middleware = (given: Request, _response: Response, next: Next): void => {
    given.actAs({ id: 7 });
    const id: number | undefined = given.user?.id;
    // @ts-expect-error -- no user of this application
    given.actAs({ name: id });
    next();
  };
  expect(defineHttpKernel({ middleware: [middleware] }).middleware).toHaveLength(1);
});
