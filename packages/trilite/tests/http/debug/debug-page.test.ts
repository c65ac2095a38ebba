import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { debugFacts } from '../../../src/http/debug/debug-facts';
import { excerptOf } from '../../../src/http/debug/source-excerpt';
import { framesOf } from '../../../src/http/debug/stack-frames';
import { Database, FrameworkError, sql, type Request, type RouteFile } from 'trilite';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';

let project: TestProject;
let app: TestApplication | undefined;

afterEach(async () => {
  await app?.close();
  app = undefined;
  project.remove();
});

/** Throws from the fifth line of a file of the application. */
const THROWER = `// one
// two
// three
exports.fail = (message) => {
  throw new Error(message); // <here>
};
`;

async function serve(routes: RouteFile, settings = '{ debug: true }') {
  project = createProject({
    'config/app.js': exportDefault(settings),
    'app/thrower.js': THROWER,
  });
  app = await createTestApplication({ basePath: project.path, routes });
  return request(app.http().handler);
}

function fail(message: string): never {
  const { fail: thrower } = require(join(project.path, 'app/thrower.js')) as {
    fail: (message: string) => never;
  };
  return thrower(message);
}

const page = (client: ReturnType<typeof request>, path = '/fail') =>
  client.get(path).set('Accept', 'text/html').expect(500).expect('Content-Type', /html/);

describe('in debug mode the page of a fault', () => {
  test('shows the lines around the first call in the code of the application', async () => {
    const client = await serve((route) => void route.get('/fail', () => fail('It broke')));
    const { text } = await page(client);
    expect(text).toContain('app/thrower.js:5');
    expect(text).toMatch(/class="here"[^\n]*\s*<th>5<\/th>\s*<td>[^<]*throw new Error\(message\)/);
    expect(text).toContain('// &lt;here&gt;');
  });

  test('marks the calls of the application, and folds those of others', async () => {
    const client = await serve((route) => void route.get('/fail', () => fail('It broke')));
    const { text } = await page(client);
    expect(text).toMatch(/<li class="application">[^<]*fail <span>app\/thrower\.js:5<\/span>/);
    expect(text).toMatch(/<summary>\d+ calls in [^<]*Trilite/);
  });

  test('tells what caused it, and what it gathers, to the end of a circle', async () => {
    const client = await serve((route) => {
      route.get('/fail', () => {
        const inner = new RangeError('The inner one');
        const outer = new Error('The outer one', { cause: inner });
        inner.cause = outer;
        throw new AggregateError([new TypeError('One of many')], 'All of them', { cause: outer });
      });
    });
    const { text } = await page(client);
    expect(text.match(/Caused by \w+/g)).toEqual([
      'Caused by Error',
      'Caused by TypeError',
      'Caused by RangeError',
    ]);
  });

  test('shows code and help of an error of the framework', async () => {
    const client = await serve((route) => {
      route.get('/fail', () => {
        throw new FrameworkError({ code: 'E_X', message: 'It broke', help: 'Mend it.' });
      });
    });
    const { text } = await page(client);
    expect(text).toContain('<code>E_X</code>');
    expect(text).toContain('Mend it.');
  });

  test('shows the request and its route, and hides what is secret', async () => {
    const client = await serve((route) => {
      route.get('/fail/:id', () => fail('It broke')).name('fails');
    });
    const { text } = await client.get('/fail/7?page=2&api_token=the-secret').set({
      Accept: 'text/html',
      Cookie: 'session=the-secret',
      Authorization: 'Bearer the-secret',
      'X-Tenant-Token': 'the-secret',
      'X-Plain': 'to be seen',
    });
    expect(text).toContain('/fail/7?page=2&amp;api_token=[hidden]');
    expect(text).toContain('/fail/:id → a function (fails)');
    expect(text).toContain('to be seen');
    expect(text).not.toContain('the-secret');
  });

  test('shows the queries of the request, without the values bound to them', async () => {
    const client = await serve((route) => {
      route.get('/fail', async () => {
        await sql`select ${'the-secret'} as one`.execute(app?.make(Database) as Database);
        await sql`select * from nowhere`.execute(app?.make(Database) as Database);
      });
    });
    const { text } = await page(client);
    expect(text).toContain('2 queries in ');
    expect(text).toContain('select ? as one');
    expect(text).toContain('1 values; 1 rows');
    expect(text).toContain('0 values; failed');
    expect(text).not.toContain('the-secret');
  });

  test('escapes all that comes from outside', async () => {
    const client = await serve((route) => {
      route.get('/fail/:id', (given) => {
        const error = new Error(given.param('id'), { cause: new Error('<script>2') });
        error.name = '<script>3';
        throw Object.assign(error, { code: '<script>4' });
      });
    });
    const { text } = await client
      .get(`/fail/${encodeURIComponent('<script>1')}?q=<script>5`)
      .set({ Accept: 'text/html', 'X-Own': '<script>6' });
    for (const number of [1, 2, 3, 4, 6]) expect(text).toContain(`&lt;script&gt;${number}`);
    expect(text).not.toContain('<script');
  });

  test('lets a browser take nothing from it but its own style', async () => {
    const client = await serve((route) => void route.get('/fail', () => fail('It broke')));
    const { headers, text } = await page(client);
    const { createHash } = jest.requireActual<typeof import('node:crypto')>('node:crypto');
    const [, css = ''] = /<style>(.*?)<\/style>/s.exec(text) ?? [];
    const hash = createHash('sha256').update(css).digest('base64');
    expect(headers['content-security-policy']).toContain(`style-src 'sha256-${hash}';`);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(text).not.toMatch(/ (style|src|href|on\w+)=/);
  });

  test('is a plain one when it cannot be made', async () => {
    const client = await serve((route) => {
      route.get('/fail', () => {
        throw Object.defineProperty(new Error('It broke'), 'cause', {
          get: () => {
            throw new Error('Not even that can be read');
          },
        });
      });
    });
    const { text } = await page(client);
    expect(text).toContain('It broke');
    expect(text).toContain('<small>Request ');
  });
});

test('in debug mode JSON has the stack and the queries of a fault', async () => {
  const client = await serve((route) => {
    route.get('/fail', async () => {
      await sql`select 1`.execute(app?.make(Database) as Database);
      fail('It broke');
    });
  });
  const { body } = await client.get('/fail').set('Accept', 'application/json').expect(500);
  expect(body).toMatchObject({
    detail: 'It broke',
    stack: expect.arrayContaining([expect.stringContaining('app/thrower.js:5')]) as string[],
    queries: [{ sql: 'select 1', bindings: 0, rows: 1 }],
  });
});

test.each(['text/html', 'application/json'])(
  'outside debug mode %s tells nothing of a fault',
  async (type) => {
    const client = await serve((route) => void route.get('/fail', () => fail('the-secret')), '{}');
    const { text, headers } = await client.get('/fail').set('Accept', type).expect(500);
    expect(text).not.toMatch(/the-secret|thrower|select|Stack/);
    if (type === 'text/html') {
      expect(headers['content-security-policy']).toContain("default-src 'none'");
    }
  },
);

describe('an excerpt', () => {
  const at = (file: string) =>
    excerptOf(
      framesOf(
        Object.assign(new Error('It broke'), {
          stack: `Error: It broke\n    at call (${join(project.path, file)}:1:1)`,
        }),
        project.path,
      ),
      project.path,
    );

  beforeEach(() => {
    project = createProject({
      'app/code.js': 'code',
      '.env': 'APP_KEY=secret',
      '.env.js': 'secret',
      'app/.hidden/code.js': 'secret',
      'node_modules/some/code.js': 'secret',
      'storage/notes.txt': 'secret',
    });
    symlinkSync(__filename, join(project.path, 'app/link.js'));
  });

  test('is of code below the folder of the application', () => {
    expect(at('app/code.js')).toEqual({
      file: 'app/code.js',
      line: 1,
      lines: [{ number: 1, text: 'code' }],
    });
  });

  test.each([
    '.env',
    '.env.js',
    'app/.hidden/code.js',
    'node_modules/some/code.js',
    'storage/notes.txt',
    'app/link.js',
    '../outside.js',
    'app/gone.js',
  ])('is never of %s', (file) => {
    expect(at(file)).toBeUndefined();
  });

  test('is not of what a message only says', () => {
    const message = `No\n    at x (${join(project.path, 'app/code.js')}:1:1)`;
    const facts = debugFacts(
      new Error(message),
      { method: 'GET', originalUrl: '/', headers: {} } as unknown as Request,
      project.path,
    );
    expect(facts.excerpt).toBeUndefined();
  });
});
