import { rmSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import {
  html,
  injectable,
  NotFoundError,
  UrlGenerator,
  type Middleware,
  type Next,
  type Request,
  type Response,
  type RouteFile,
} from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { createProject, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

async function serve(routes: RouteFile, files: Record<string, string> = {}) {
  project = createProject(files);
  app = await createTestApplication({ basePath: project.path, routes });
  return request(app.http().handler);
}

@injectable()
class Stamp implements Middleware {
  handle(_request: Request, response: Response, next: Next) {
    response.setHeader('X-Stamp', 'yes');
    next();
  }
}

class Things {
  static made = 0;

  constructor() {
    Things.made += 1;
  }

  show(given: Request) {
    return { id: given.param('id') };
  }

  map() {
    return new Map([['a', 1]]);
  }

  other(given: Request) {
    return given.param('other');
  }

  fail() {
    throw new Error('secret of the house');
  }

  gone() {
    throw NotFoundError.because('There is no such thing.');
  }

  nothing() {
    return undefined;
  }

  page() {
    return html`<b>${'<'}</b>`;
  }

  own(_request: Request, response: Response) {
    response.status(202).json({ own: true });
  }

  echo(given: Request) {
    return given.body as unknown;
  }
}

const things: RouteFile = (route) => {
  route.get('/things/:id', [Things, 'show']).name('things.show');
  route.get('/other/:id', [Things, 'other']);
  route.get('/map', [Things, 'map']);
  route.get('/fail', [Things, 'fail']);
  route.get('/gone', [Things, 'gone']);
  route.get('/nothing', [Things, 'nothing']);
  route.get('/page', [Things, 'page']);
  route.get('/own', [Things, 'own']);
  route.post('/echo', [Things, 'echo']);
};

describe('answers', () => {
  test('an object becomes JSON', async () => {
    const client = await serve(things);
    await client.get('/things/7').expect(200, { id: '7' });
  });

  test('a Map becomes JSON, too', async () => {
    const client = await serve(things);
    await client.get('/map').expect(200, { a: 1 });
  });

  test('html is escaped and sent as a page', async () => {
    const client = await serve(things);
    const response = await client.get('/page').expect('Content-Type', /html/);
    expect(response.text).toBe('<b>&lt;</b>');
  });

  test('nothing becomes 204', async () => {
    await (await serve(things)).get('/nothing').expect(204);
  });

  test('a controller that answers by itself is left alone', async () => {
    await (await serve(things)).get('/own').expect(202, { own: true });
  });

  test('a controller is made anew for each request', async () => {
    const client = await serve(things);
    const before = Things.made;
    await client.get('/things/1');
    await client.get('/things/2');
    expect(Things.made).toBe(before + 2);
  });

  test('every answer has a request id', async () => {
    await (await serve(things)).get('/things/1').expect('X-Request-Id', /^[0-9a-f-]{36}$/);
  });
});

describe('errors', () => {
  test('what no route answers is 404, as JSON or as a page by Accept', async () => {
    const client = await serve(things);
    const json = await client
      .get('/nowhere')
      .set('Accept', 'application/json')
      .expect(404)
      .expect('Content-Type', /problem\+json/);
    expect(JSON.parse(json.text)).toMatchObject({
      status: 404,
      code: 'E_NOT_FOUND',
      requestId: json.headers['x-request-id'],
    });
    const page = await client
      .get('/nowhere')
      .set('Accept', 'text/html')
      .expect(404)
      .expect('Content-Type', /html/);
    expect(page.text).toContain(page.headers['x-request-id']);
  });

  test('a path that other methods answer is 405 with Allow', async () => {
    await (await serve(things)).post('/things/1').expect(405).expect('Allow', 'GET, HEAD');
  });

  test('a parameter that is not there is 404', async () => {
    await (await serve(things)).get('/other/1').expect(404);
  });

  test('an error with a status answers with it and its message', async () => {
    const response = await (await serve(things)).get('/gone').expect(404);
    expect(JSON.parse(response.text)).toMatchObject({ detail: 'There is no such thing.' });
  });

  test('in production a fault tells nothing of itself', async () => {
    const client = await serve(things);
    for (const accept of ['application/json', 'text/html']) {
      const response = await client.get('/fail').set('Accept', accept).expect(500);
      expect(response.text).not.toContain('secret');
      expect(response.text).not.toContain('.ts');
    }
  });

  test.each<[string, unknown]>([
    [
      'an error that has a status but does not say that it may be seen',
      Object.assign(new Error('secret'), { status: 404 }),
    ],
    ['a value that cannot be shown', Object.create(null)],
    ['a word that is a command to express', 'route'],
  ])('%s is a fault like any other', async (_what, thrown) => {
    const client = await serve((route) => {
      route.get('/throw', () => {
        throw thrown;
      });
    });
    const response = await client.get('/throw').set('Accept', 'text/html').expect(500);
    expect(response.text).not.toMatch(/secret|at .*:\d+/);
    expect(response.text).toContain(response.headers['x-request-id']);
  });

  test('in debug mode a fault shows message and stack', async () => {
    const client = await serve(things, { 'config/app.js': 'exports.default = { debug: true };' });
    const response = await client.get('/fail').set('Accept', 'text/html').expect(500);
    expect(response.text).toContain('secret of the house');
  });

  test.each([
    ['malformed JSON', 'application/json', '{"a":', 400],
    ['a body beyond the limit', 'application/json', JSON.stringify('x'.repeat(2_000_000)), 413],
    ['an unknown encoding', 'application/json; charset=nope', '{}', 415],
  ])('%s is answered with its 4xx', async (_what, type, body, status) => {
    const client = await serve(things);
    await client.post('/echo').set('Content-Type', type).send(body).expect(status);
  });

  test('a malformed address is 400', async () => {
    await (await serve(things)).get('/things/%E0%A4%A').expect(400);
  });
});

describe('routes', () => {
  test('groups give prefix, name and middleware', async () => {
    const client = await serve((route) => {
      route.group({ prefix: 'admin', name: 'admin.', middleware: [Stamp] }, (admin) => {
        admin.group({ prefix: '/things' }, (inner) => {
          inner.get('/:id', [Things, 'show']).name('show');
        });
      });
    });
    await client.get('/admin/things/1').expect(200).expect('X-Stamp', 'yes');
    expect(app.make(UrlGenerator).url('admin.show', { id: 'a b', page: 2 })).toBe(
      '/admin/things/a%20b?page=2',
    );
  });

  test('a URL of an unknown name or without its parameter is refused', async () => {
    await serve(things);
    const urls = app.make(UrlGenerator);
    expect(() => urls.url('things.shaw')).toThrow(
      expect.objectContaining({ help: 'Did you mean "things.show"?' }),
    );
    expect(() => urls.url('things.show')).toThrow(/needs a value for "id"/);
  });

  test('middleware groups come from app/http/kernel', async () => {
    const kernel =
      "exports.default = { groups: { stamped: [(request, response, next) => { response.setHeader('X-Stamp', 'group'); next(); }] } };";
    const client = await serve(
      (route) => {
        route.get('/', () => 'Hello').middleware('stamped');
      },
      { 'app/http/kernel.js': kernel },
    );
    await client.get('/').expect('X-Stamp', 'group');
  });

  test.each<[string, RouteFile, RegExp]>([
    [
      'two routes of one name',
      (route) => {
        route.get('/a', () => 1).name('x');
        route.get('/b', () => 1).name('x');
      },
      /taken twice/,
    ],
    [
      'a middleware group that is not declared',
      (route) => {
        route.get('/', () => 1).middleware('nope');
      },
      /middleware "nope"/,
    ],
    [
      'a controller method that does not exist',
      (route) => {
        route.get('/', [Things, 'nope' as 'show']);
      },
      /"Things.nope"/,
    ],
    [
      'a path that cannot be read',
      (route) => {
        route.get('/:', () => 1);
      },
      /path "\/:" is not valid/,
    ],
  ])('%s is refused at boot', async (_what, routes, message) => {
    project = createProject();
    app = await createTestApplication({ basePath: project.path, routes });
    expect(() => app.http()).toThrow(message);
  });
});

describe('/up', () => {
  test('says that every connection answers', async () => {
    await (
      await serve(things)
    )
      .get('/up')
      .expect(200, { status: 'up', connections: { default: 'up', cache: 'up', queue: 'up' } });
  });

  test('is 503 when a file was deleted under the running server', async () => {
    const client = await serve(things);
    await client.get('/up').expect(200);
    rmSync(join(app.storagePath, 'cache.sqlite'));
    const { body } = await client.get('/up').expect(503);
    expect(body).toMatchObject({ connections: { default: 'up', cache: 'down' } });
  });

  test('is 503 when one does not', async () => {
    project = createProject();
    app = await createTestApplication({ basePath: project.path, migrate: false });
    await request(app.http().handler).get('/up').expect(503);
  });
});
