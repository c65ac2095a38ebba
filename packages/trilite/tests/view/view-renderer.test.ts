import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { html, ViewRenderer } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { errorWith } from '../helpers/errors';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

/** Templates by their name, and what else the application has. */
async function open(
  views: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<ViewRenderer> {
  await boot(views, files);
  return app.make(ViewRenderer);
}

async function boot(
  views: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const templates = Object.entries(views).map(([name, text]) => [viewFile(name), text]);
  project = createProject({ ...files, ...(Object.fromEntries(templates) as object) });
  app = await createTestApplication({ basePath: project.path });
}

const viewFile = (name: string): string => `resources/views/${name}.eta`;

const render = async (template: string, data: object = {}): Promise<string> =>
  (await open({ page: template })).render('page', data);

describe('what a tag writes', () => {
  const EVIL = `<script>alert("1" + '2')</script>&`;
  const ESCAPED = '&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;)&lt;/script&gt;&amp;';

  test('is escaped, in text and in attributes', async () => {
    expect(await render('<a title="<%= it.x %>"><%= it.x %></a>', { x: EVIL })).toBe(
      `<a title="${ESCAPED}">${ESCAPED}</a>`,
    );
  });

  test('is left as it is when it is HTML already, or when the tag says so', async () => {
    const data = { made: html`<b>${'<'}</b>`, own: '<i>' };
    expect(await render('<%= it.made %><%~ it.made %><%~ it.own %>', data)).toBe(
      '<b>&lt;</b><b>&lt;</b><i>',
    );
  });

  test('is nothing where there is nothing to write', async () => {
    const data = { nothing: null, no: false, zero: 0, many: ['<', undefined, '>'] };
    const tags = '[<%= it.missing %><%= it.nothing %><%= it.no %><%~ it.missing %>]';
    expect(await render(`${tags}<%= it.zero %><%= it.many %>`, data)).toBe('[]0&lt;&gt;');
  });

  test('is an object where it says nothing of itself, as what came in may be', async () => {
    const a: unknown = JSON.parse('{"toString":1,"valueOf":2}');
    const data = { a, b: Object.create(null) as object, c: [a], d: Symbol('<') };
    expect(await render('<%= it.a %> <%= it.b %> <%= it.c %> <%= it.d %>', data)).toBe(
      '[object Object] [object Object] [object Object] Symbol(&lt;)',
    );
  });

  test('has the form in JSON that it has in an answer', async () => {
    const data = { n: 10n, map: new Map([['a', new Set([1])]]), bytes: Buffer.from('hi') };
    expect(await render('<%= json(it.n) %> <%= json(it) %>', data)).toBe(
      '"10" {"n":"10","map":{"a":[1]},"bytes":"aGk="}',
    );
    await expect(render('<%= json(it) %>', { a: [() => 1] })).rejects.toThrow(
      'The value.a[0] of json(…) cannot be JSON: it is a function.',
    );
  });

  test('is JSON that no script ends at', async () => {
    const text = await render('<script>const x = <%= json(it.x) %>;</script>', {
      x: { html: '</script><!--', quote: "'", line: '\u2028' },
    });
    expect(text).toContain('\\u003c/script\\u003e\\u003c!--');
    const [, written = ''] = /const x = (.*);/.exec(text) ?? [];
    expect(written).not.toMatch(/[<>&'\u2028]/);
    expect(JSON.parse(written)).toEqual({ html: '</script><!--', quote: "'", line: '\u2028' });
    expect(await app.make(ViewRenderer).render('page')).toContain('const x = null;');
  });

  test('may be made in a loop, a condition or a function', async () => {
    const template = `<% for (const n of it.list) { %><% if (n > 1) { %>[<%= n %>]<% } else { %>-<% } %><% } %>
<% it.list.forEach((n) => { %><%= n %>,<% }) %>`;
    expect(await render(template, { list: [1, 2, 3] })).toBe('-[2][3]\n1,2,3,');
  });
});

test('a line with nothing but a tag that writes nothing leaves nothing behind', async () => {
  const template = `<%/* a note */%>
<ul>
  <% for (const n of it.list) { %>
  <li><%= n %>
    <%= n %></li>
  <% } %>  \t
</ul>
<% let a = 1; %> <% a += 1; %>
<% if (a) { %>a \\n<% } %>
  <% a = 0; %>`;
  expect(await render(template, { list: [1, 2] })).toBe(
    `<ul>
  <li>1
    1</li>
  <li>2
    2</li>
</ul>
 \na \\n\n`,
  );
});

describe('a layout', () => {
  const layout = '<title><%= it.title %></title><%= block("head") %><main><%= it.body %></main>';

  test('stands around a view, and is given its data, its blocks and its own', async () => {
    const views = await open({
      'layouts/app': `${layout}<%= block("foot", () => { %>default <%= it.name %><% }) %>`,
      page: `<% layout('layouts/app', { title: 'A & B' }) %>
<% block('head', () => { %><meta name="<%= it.name %>"><% }) %>
<p>Hello <%= it.name %></p>`,
    });
    expect(await views.render('page', { name: '<Ada>' })).toBe(
      '<title>A &amp; B</title><meta name="&lt;Ada&gt;"><main>\n<p>Hello &lt;Ada&gt;</p></main>default &lt;Ada&gt;',
    );
  });

  test('may have a layout; what the innermost says of a block counts', async () => {
    const views = await open({
      outer: '<%= block("a") %>|<%= block("b") %>|<%= it.body %>',
      inner: `<% layout('outer') %><% block('a', () => { %>inner a<% }) %><% block('b', () => { %>inner b<% }) %>(<%= it.body %>)`,
      page: `<% layout('inner') %><% block('b', () => { %>page b<% }) %>page`,
    });
    expect(await views.render('page')).toBe('inner a|page b|(page)');
  });
});

describe('a part', () => {
  test('that is included has the data of its place, and its own', async () => {
    const views = await open({
      'partials/row': '<li><%= it.id %> of <%= it.all %></li>',
      page: '<% for (const id of [1, 2]) { %><%= include("partials/row", { id }) %><% } %>',
    });
    expect(await views.render('page', { all: 2 })).toBe('<li>1 of 2</li><li>2 of 2</li>');
  });

  test('that is a component has its properties and its body alone', async () => {
    const views = await open({
      'components/card':
        '<div class="<%= it.kind %>"><%= it.secret %><%= it.body %><%= it.foot %></div>',
      page: `<%= component('card', { kind: '"big"', foot: capture(() => { %><hr><% }) }, () => { %>
<b><%= it.secret %></b>
<% }) %>
<%= component('card') %>`,
    });
    expect(await views.render('page', { secret: '<s>' })).toBe(
      '<div class="&quot;big&quot;">\n<b>&lt;s&gt;</b>\n<hr></div><div class=""></div>',
    );
  });

  test('that asks for itself is told so', async () => {
    const views = await open({ page: '<%= include("page") %>' });
    await expect(views.render('page')).rejects.toMatchObject(
      errorWith('E_VIEW_FAILED', 'nested 100 deep'),
    );
  });
});

describe('a name', () => {
  test('that could lead out of the folder is refused', async () => {
    const views = await open({ page: '' }, { 'resources/secret.eta': 'secret' });
    const names = ['../secret', '/etc/passwd', 'a/../../secret', 'reports.show', 'page.eta'];
    for (const name of [...names, 'page\0', 'a\\b', 'a//b', '', '.hidden']) {
      await expect(views.render(name)).rejects.toMatchObject(
        errorWith('E_VIEW_NOT_FOUND', 'is not the name of a view'),
      );
      expect(views.has(name)).toBe(false);
    }
  });

  test('that nothing bears is answered with the nearest ones', async () => {
    const views = await open({ 'reports/show': '', 'reports/index': '' });
    await expect(views.render('reports/shwo')).rejects.toMatchObject(
      errorWith('E_VIEW_NOT_FOUND', 'There is "reports/show"'),
    );
    expect([views.has('reports/show'), views.has('reports'), views.has('no')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('of a link that leads out of the folder is refused; of one within it is not', async () => {
    const views = await open({ page: 'page' }, { 'secret.eta': 'secret' });
    const folder = join(project.path, 'resources/views');
    symlinkSync(join(project.path, 'secret.eta'), join(folder, 'link.eta'));
    mkdirSync(join(folder, 'parts'));
    symlinkSync('../page.eta', join(folder, 'parts/inner.eta'));
    await expect(views.render('link')).rejects.toMatchObject(
      errorWith('E_VIEW_NOT_FOUND', 'leads out of'),
    );
    expect(await views.render('parts/inner')).toBe('page');
  });

  test('without any views says where they would be', async () => {
    const views = await open({});
    await expect(views.render('page')).rejects.toMatchObject(
      errorWith('E_VIEW_NOT_FOUND', 'no view "page" in "resources/views"'),
    );
  });
});

describe('what fails', () => {
  test('names file and line, shows them, and keeps the cause', async () => {
    const template = `<h1>one</h1>\n<p>\n  <%= it.user.name %>\n</p>\n`;
    const failure = render(template).catch((error: unknown) => error);
    const { message, cause } = (await failure) as Error;
    expect(message).toContain('"page" failed in resources/views/page.eta, line 3: ');
    expect(message).toContain('>    3 |   <%= it.user.name %>');
    expect(cause).toMatchObject({ name: 'TypeError' });
  });

  test('in a part is said of the part, and in a layout of the layout', async () => {
    const views = await open({
      row: '\n<%= it.a.b %>',
      frame: '\n\n<%= it.c.d %>',
      page: '<%= include("row") %>',
      other: '<% layout("frame") %>',
    });
    await expect(views.render('page')).rejects.toMatchObject(
      errorWith('E_VIEW_FAILED', 'resources/views/row.eta, line 2'),
    );
    await expect(views.render('other')).rejects.toMatchObject(
      errorWith('E_VIEW_FAILED', 'resources/views/frame.eta, line 3'),
    );
  });

  test.each([
    ['a tag that is not closed', 'one\ntwo <%= it.x', 2],
    ['a text that is not closed', "one\n\n<%= 'x %>", 3],
    ['what is no JavaScript', 'one\n\n\n<%= it..x %>\n<%= it.y %>', 4],
    ['a brace that is missing', 'one\n<% if (it.x) { %>\n', 2],
    ['a view that is not there', 'one\n<%= include("none") %>', 2],
    ['a helper that is not there', '\n\n<%= shout("x") %>', 3],
    ['what strict code may not hold', '\n<% with (it) { %>x<% } %>', 2],
    ['what only a request has', '\n<%= csrf() %>', 2],
    ['an address of an unknown route', '\n<%= route("none") %>', 2],
  ])('because of %s is an error with its line', async (_what, template, line) => {
    await expect(render(template)).rejects.toMatchObject(
      errorWith('E_VIEW_FAILED', `resources/views/page.eta, line ${line}`),
    );
  });
});

test('addresses are whole ones, for what is read elsewhere', async () => {
  const views = await open(
    { mail: '<%= route("home", { page: 2 }) %> <%= asset("app.css") %>' },
    {
      'config/app.js': exportDefault(`{ url: 'https://example.com' }`),
      'public/app.css': 'body {}',
      'routes/web.js': exportDefault(`(route) => route.get('/home', () => 'x').name('home')`),
    },
  );
  expect(await views.render('mail')).toMatch(
    /^https:\/\/example\.com\/home\?page=2 https:\/\/example\.com\/app\.css\?v=[0-9a-f]{12}$/,
  );
});

test('a built application has its templates beside dist/', async () => {
  project = createProject({ 'resources/views/page.eta': 'page' });
  cpSync(join(project.path, 'config'), join(project.path, 'dist/config'), { recursive: true });
  app = await createTestApplication({ basePath: join(project.path, 'dist') });
  expect(await app.make(ViewRenderer).render('page')).toBe('page');
});

test('what is rendered is kept by the tag "html"', async () => {
  const views = await open({ part: '<b><%= it.x %></b>' });
  const part = await views.html('part', { x: '<' });
  expect(html`<p>${part}</p>`.toString()).toBe('<p><b>&lt;</b></p>');
});

test('helpers of app/views.ts stand in every template by their names', async () => {
  const views = await open(
    { page: '<%= include("row", { cents: 199 }) %>', row: '<%= euros(it.cents) %>' },
    { 'app/views.js': exportDefault('{ helpers: { euros: (cents) => `<${cents / 100}>` } }') },
  );
  expect(await views.render('page')).toBe('&lt;1.99&gt;');
});

test.each(['include', 'it', 'csrf', 'class', 'my-name', '1x'])(
  'a helper may not be called %s',
  async (name) => {
    await boot({}, { 'app/views.js': exportDefault(`{ helpers: { '${name}': () => 1 } }`) });
    expect(() => app.http()).toThrow(`"${name}"`);
  },
);

test.each([
  ['is read once', 'production', 'one'],
  ['is read again in development, whenever it was changed', 'development', 'second'],
])('a template %s', async (_what, env, after) => {
  const views = await open(
    { page: 'one' },
    { 'config/app.js': exportDefault(`{ env: '${env}' }`) },
  );
  expect(await views.render('page')).toBe('one');
  project.write('resources/views/page.eta', 'second');
  expect(await views.render('page')).toBe(after);
});
