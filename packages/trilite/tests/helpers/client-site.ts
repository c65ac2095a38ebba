import { readFileSync } from 'node:fs';
import {
  CacheRepository,
  html,
  injectable,
  startSession,
  uploads,
  validated,
  verifyCsrf,
  type Middleware,
  type Next,
  type Request,
  type Response,
  type RouteFile,
} from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { z } from 'zod';
import { newAppKey } from '../../src/support/app-key';
import { createProject, exportDefault, type TestProject } from './project';

/** An application whose answers tests look at, opened anew for each. */
export let app: TestApplication;
let project: TestProject;

/** Opens it before each test of a file, and closes it afterwards. */
export function useClientSite(): void {
  beforeEach(async () => {
    project = createProject({
      'config/app.js': exportDefault(`{ key: '${newAppKey()}', url: 'http://shop.test' }`),
    });
    app = await createTestApplication({ basePath: project.path, routes });
  });

  afterEach(async () => {
    await app.close();
    project.remove();
  });
}

const theSheets = uploads('sheets');

@injectable()
class Later implements Middleware {
  constructor(private readonly cache: CacheRepository) {}

  handle(_request: Request, _response: Response, next: Next): void {
    next();
  }

  async terminate(): Promise<void> {
    await this.cache.put('later', 'done');
  }
}

const signUp = validated(z.object({ email: z.email('Not an address.'), name: z.string() }));

const routes: RouteFile = (route) => {
  route.any('/status/:status', (request, response) => {
    response.status(Number(request.param('status'))).send('<p>Tom &amp; Jerry</p>');
  });
  route.get('/posts', () => ({
    data: [
      { id: 1, title: 'One', tags: [{ name: 'a' }] },
      { id: 2, title: 'Two', tags: [] },
    ],
    total: 2,
  }));
  route.get('/text', (_request, response) => response.type('text').send('Tom & Jerry, then Spike'));
  route.get(
    '/page',
    () => html`<head><style>p { color: red; }</style></head><p>${'Tom & Jerry'}</p><p>Spike</p>`,
  );
  route.any('/echo', ({ method, headers, body }) => ({ method, headers, body: body as unknown }));
  route
    .post('/sheets', (request) => ({
      body: request.body as unknown,
      sheets: request.file(theSheets).map(({ name, path }) => [name, readFileSync(path, 'utf8')]),
    }))
    .upload(theSheets);
  route.post('/sign-up', () => ({})).validate(signUp);
  route.get('/moved', (_request, response) => response.redirect('/posts?page=2'));
  route.get('/away', (_request, response) => response.redirect('http://elsewhere.test/'));
  route.get('/round', (_request, response) => response.redirect('/round'));
  route.post('/sent', (_request, response) => response.redirect(303, '/echo'));
  route.post('/kept', (_request, response) => response.redirect(307, '/echo'));
  route.get('/people/:id', (request) => request.param('id')).name('people.show');
  route.get('/to-person', (_request, response) => response.redirect('/people/7?tab=posts'));
  route.get('/file', (_request, response) => {
    response.attachment('Über "uns".txt').send(Buffer.from([0, 1, 2]));
  });
  route.get('/fault', () => {
    throw new RangeError('Seven is too many');
  });
  route.get('/half', (_request, response) => {
    response.write('half');
    throw new RangeError('Seven is too many');
  });
  route.get('/whoami', ({ user }) => ({ user: user ?? null }));
  route.get('/later', () => undefined).middleware(Later);
  route.get('/cookies/set', ({ cookies }) => {
    cookies.set('theme', 'dark', { maxAge: '1h' });
    cookies.set('plain', 'a b', { plain: true });
    cookies.set('deep', 'x', { path: '/cookies' });
    cookies.forget('old');
  });
  route.get('/cookies/read', ({ cookies }) => ({
    theme: cookies.get('theme') ?? null,
    plain: cookies.get('plain', { plain: true }) ?? null,
    deep: cookies.get('deep') ?? null,
  }));
  route.get('/theme', (request) => ({
    theme: request.cookie('theme') ?? null,
    deep: request.cookie('deep') ?? null,
  }));
  route.group({ middleware: [startSession, verifyCsrf()] }, withSession);
};

const withSession: RouteFile = (route) => {
  route.get('/session', ({ session }) => session.all());
  route.post('/echo-session', ({ session }) => session.all());
  route.post('/session/count', async ({ session }) => ({
    count: await session.increment('count'),
  }));
  route.post('/session/flash', ({ session }) => session.flash('status', 'Saved.'));
  route.get('/form', () => html`<form></form>`);
  route.post('/form', () => 'Welcome').validate(signUp);
  route.post('/changed', () => 'changed');
};
