import { createServer, type Server } from 'node:http';
import { Database, html, startSession, verifyCsrf, view, type RouteFile, type View } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { newAppKey } from '../../src/support/app-key';
import { createProject, exportDefault, type TestProject } from '../helpers/project';
import { Visitor } from '../helpers/visitor';

let project: TestProject;
let app: TestApplication;
let server: Server;

afterEach(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  await app.close();
  project.remove();
});

const EVIL = '"><script>alert(1)</script>';
const ESCAPED = '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;';

interface Site {
  readonly views: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly config?: string;
}

/** Opens an application with views and routes that have sessions, and gives its first visitor. */
async function visit(routes: RouteFile, { views, files, config = '' }: Site): Promise<Visitor> {
  const templates = Object.entries(views).map(([name, text]) => [
    `resources/views/${name}.eta`,
    text,
  ]);
  project = createProject({
    'config/app.js': exportDefault(`{ key: '${newAppKey()}', ${config} }`),
    ...(Object.fromEntries(templates) as object),
    ...files,
  });
  app = await createTestApplication({
    basePath: project.path,
    routes: (route) => {
      route.group({ middleware: [startSession, verifyCsrf()] }, routes);
      route.get('/without', () => view('page'));
    },
  });
  server = createServer(app.http().handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new Visitor(server);
}

const page =
  (data?: object): (() => View) =>
  () =>
    view('page', data);

/** A visitor of an application with one page, at /. */
const visitPage = (template: string, site: Partial<Site> = {}): Promise<Visitor> =>
  visit(
    (route) => {
      route.get('/', page());
      route.post('/form', ({ session, body }) => {
        session.flashInput(body);
        session.flashErrors({ name: [`${EVIL} is too long.`, 'second'] });
        session.flash('status', 'Saved');
      });
    },
    { ...site, views: { page: template, ...site.views } },
  );

const sessions = (): Promise<unknown[]> =>
  app
    .make(Database)
    .selectFrom('sessions' as never)
    .selectAll()
    .execute();

test('a controller answers with a view, in UTF-8 and with the status that is set', async () => {
  const visitor = await visit(
    (route) =>
      route.get('/', (_request, response) => {
        response.status(202);
        return view('page', { name: '<Ädä>' });
      }),
    { views: { page: '<p><%= it.name %></p>' } },
  );
  await visitor
    .get('/')
    .expect(202)
    .expect('Content-Type', 'text/html; charset=utf-8')
    .expect('<p>&lt;Ädä&gt;</p>');
});

test('a view may be of another type than HTML', async () => {
  const visitor = await visit(
    (route) =>
      route.get('/', (_request, response) => {
        response.type('xml');
        return view('page');
      }),
    { views: { page: '<urlset></urlset>' } },
  );
  await visitor.get('/').expect('Content-Type', 'application/xml; charset=utf-8');
});

test('what a helper answers with is the answer', async () => {
  const visitor = await visitPage('<%= gone() %>', {
    files: {
      'app/views.js': exportDefault(
        `{ helpers: { gone: () => require('trilite').abort(410, 'Sold') } }`,
      ),
    },
  });
  await visitor.get('/').expect(410);
});

test('a view that asks for nothing of the session does not touch it', async () => {
  const visitor = await visitPage('hello <%= request.path %>');
  const { headers, text } = await visitor.get('/').expect(200);
  expect(text).toBe('hello /');
  expect(headers).not.toHaveProperty('set-cookie');
  expect(headers).not.toHaveProperty('cache-control');
  expect(await sessions()).toEqual([]);
});

test('a view that looks for errors begins no session', async () => {
  const visitor = await visitPage('[<%= errors("name") %><%= old("name") %>]');
  const { headers, text } = await visitor.get('/').expect(200);
  expect([text, headers['set-cookie']]).toEqual(['[]', undefined]);
  expect(await sessions()).toEqual([]);
});

test('a form of a view is let in by its token', async () => {
  const visitor = await visitPage('<form method="post"><%= csrf() %></form>');
  const { text } = await visitor.get('/').expect(200);
  const [, token = ''] =
    /<form method="post"><input type="hidden" name="_token" value="([\w-]{43})" \/><\/form>/.exec(
      text,
    ) ?? [];
  await visitor.send('post', '/form').type('form').send({ _token: token }).expect(204);
  await visitor.send('post', '/form').type('form').send({ _token: 'x' }).expect(403);
});

test('what was typed, what is wrong with it and what was flashed are shown once, and escaped', async () => {
  const visitor = await visitPage(
    `<input value="<%= old('name', 'none') %>"><%= errors('name')[0] %>|<%= errors('other').length %>|<%= Object.keys(errors()) %>|<%= session('status') %>|<%= old('other', 'none') %>`,
  );
  await visitor.post('/form', { name: EVIL }).expect(204);
  const { text } = await visitor.get('/').expect(200);
  expect(text).toBe(`<input value="${ESCAPED}">${ESCAPED} is too long.|0|name|Saved|none`);
  expect((await visitor.get('/')).text).toBe('<input value="none">|0|||none');
});

test('names that every object has are no fields', async () => {
  const visitor = await visitPage(
    `[<%= errors('constructor').length %><%= session('toString') %><%= old('__proto__') %>]`,
  );
  await visitor.get('/').expect(200, '[0]');
});

test('a template that catches what interrupts it is rendered again all the same', async () => {
  const visitor = await visitPage(
    `<% let token = 'none'; try { token = csrfToken(); } catch {} %><%= token %>`,
  );
  const { text } = await visitor.get('/').expect(200);
  expect(text).toMatch(/^[\w-]{43}$/);
});

test('a token may be asked for after what was typed', async () => {
  const visitor = await visitPage('<%= old("name", "x") %> <%= csrfToken() %> <%= errors().a %>');
  expect((await visitor.get('/').expect(200)).text).toMatch(/^x [\w-]{43} $/);
});

test('without a session there are no errors, and a form says what is missing', async () => {
  const visitor = await visitPage(
    `<%= errors('x') %><%= old('x', 'none') %><% if (request.query.form) { %><%= csrf() %><% } %>`,
    { config: 'debug: true' },
  );
  await visitor.get('/without').expect(200, 'none');
  const { text } = await visitor.get('/without?form=1').set('Accept', 'text/html').expect(500);
  expect(text).toContain('E_SESSION_MISSING');
});

test('addresses are made of the names of routes, and those of files with a hash', async () => {
  const visitor = await visit(
    (route) => {
      route.get('/', page());
      route.get('/reports/:id', page()).name('reports.show');
    },
    {
      views: {
        page: `<a href="<%= route('reports.show', { id: 'a/b', q: '"' }) %>"><%= asset('app.css') %>`,
      },
      files: { 'public/app.css': 'body {}' },
    },
  );
  const { text } = await visitor.get('/').expect(200);
  expect(text).toMatch(/^<a href="\/reports\/a%2Fb\?q=%22">\/app\.css\?v=[0-9a-f]{12}$/);
});

test('every view finds what app/views.ts and middleware share, components too; a controller says more', async () => {
  const visitor = await visit(
    (route) =>
      route.group(
        {
          middleware: [
            (_request, response, next) => {
              response.locals['user'] = 'Ada';
              next();
            },
          ],
        },
        (inner) => inner.get('/', page({ title: 'own' })),
      ),
    {
      views: {
        page: '<%= it.title %> <%= component("name", { a: 1 }) %>',
        'components/name': '<%= it.user %> <%= it.title %> <%= it.path %>',
      },
      files: {
        'app/views.js': exportDefault(
          `{ shared: async (request) => ({ title: 'shared', path: request.path }) }`,
        ),
      },
    },
  );
  await visitor.get('/').expect(200, 'own Ada shared /');
});

test('a view that fails is a fault: what it says is for the log and debug mode alone', async () => {
  const visitor = await visitPage('\n<%= it.secret.name %>');
  const { text } = await visitor.get('/').set('Accept', 'text/html').expect(500);
  expect(text).not.toMatch(/secret|resources/);
});

test('a view that fails is shown in debug mode with its place', async () => {
  const visitor = await visitPage('\n<%= it.secret.name %>', { config: 'debug: true' });
  const { body } = await visitor.get('/').set('Accept', 'application/json').expect(500);
  expect(body).toMatchObject({
    code: 'E_VIEW_FAILED',
    detail: expect.stringContaining('resources/views/page.eta, line 2'),
  });
});

test('HTML of the tag may be given to a view', async () => {
  const visitor = await visit((route) => route.get('/', page({ made: html`<b>${'<'}</b>` })), {
    views: { page: '<%= it.made %>' },
  });
  await visitor.get('/').expect(200, '<b>&lt;</b>');
});

describe('an error', () => {
  const routes: RouteFile = (route) => {
    route.get('/', page());
    route.get('/fault', () => {
      throw new Error('secret');
    });
  };
  const views = {
    page: '',
    'errors/404': '<h1><%= it.status %> <%= it.title %></h1><%= it.detail %>',
    'errors/5xx': 'Sorry: <%= it.detail %> <%= it.requestId %>',
  };
  const browse = (visitor: Visitor, path: string) => visitor.get(path).set('Accept', 'text/html');

  test('has the page of its status, or of its kind', async () => {
    const visitor = await visit(routes, { views });
    await browse(visitor, '/none%3Cb%3E')
      .expect(404)
      .expect('Content-Type', 'text/html; charset=utf-8')
      .expect('<h1>404 Not Found</h1>Nothing answers GET /none%3Cb%3E.');
    const { text, headers } = await browse(visitor, '/fault').expect(500);
    expect(text).toContain(`Sorry: `);
    expect(text).toContain(headers['x-request-id']);
    expect(text).not.toContain('secret');
  });

  test('is told as it was to programs, and plainly where there is no page for it', async () => {
    const visitor = await visit(routes, { views: { page: '' } });
    const { body } = await visitor.get('/none').set('Accept', 'application/json').expect(404);
    expect(body).toMatchObject({ status: 404, code: 'E_NOT_FOUND' });
    expect((await browse(visitor, '/none').expect(404)).text).toContain(
      'Nothing answers GET /none',
    );
  });

  test('has the plain page when its own fails', async () => {
    const visitor = await visit(routes, { views: { ...views, 'errors/404': '<%= it.a.b %>' } });
    expect((await browse(visitor, '/none').expect(404)).text).toContain(
      'Nothing answers GET /none',
    );
  });

  test('has that of debug mode there', async () => {
    const visitor = await visit(routes, { views, config: 'debug: true' });
    expect((await browse(visitor, '/none').expect(404)).text).not.toContain('<h1>404 Not Found');
  });
});
