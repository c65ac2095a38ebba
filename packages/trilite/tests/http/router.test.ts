import request from 'supertest';
import {
  abort,
  bindParameter,
  bindRow,
  CacheRepository,
  defineHttpKernel,
  injectable,
  UrlGenerator,
  type Middleware,
  type Next,
  type Request,
  type Response,
  type RouteFile,
  type UrlParameters,
} from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { newAppKey } from '../../src/support/app-key';
import { errorWith } from '../helpers/errors';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

const POSTS = `exports.default = {
  up: (db) => db.schema.createTable('posts')
    .addColumn('id', 'integer', (c) => c.primaryKey()).addColumn('slug', 'text').execute(),
  down: (db) => db.schema.dropTable('posts').execute(),
};`;

async function open(
  routes: RouteFile,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  project = createProject({
    'config/app.js': exportDefault(`{ key: '${newAppKey()}', url: 'https://example.com' }`),
    ...files,
  });
  app = await createTestApplication({ basePath: project.path, routes });
}

async function serve(routes: RouteFile, files?: Readonly<Record<string, string>>) {
  await open(routes, files);
  return request(app.http().handler);
}

describe('a route', () => {
  test('answers several methods, or all', async () => {
    const client = await serve((route) => {
      route.match(['GET', 'POST'], '/both', (given) => given.method);
      route.any('/all', (given) => given.method);
    });
    await client.post('/both').expect(200, 'POST');
    await client.delete('/both').expect(405).expect('Allow', 'GET, POST, HEAD');
    for (const method of ['get', 'put', 'patch', 'delete'] as const) {
      await client[method]('/all').expect(200, method.toUpperCase());
    }
  });

  test('whose parameter does not match leaves the request to the next one, and is 404 without one', async () => {
    const client = await serve((route) => {
      route.get('/posts/:id', () => 'by number').where('id', 'number');
      route.get('/posts/:slug', () => 'by slug').where('slug', /[a-z-]+/);
    });
    await client.get('/posts/7').expect('by number');
    await client.get('/posts/a-post').expect('by slug');
    await client.get('/posts/A_7').expect(404);
    await client.post('/posts/A_7').expect(404);
    await client.post('/posts/7').expect(405);
    await client.get('/posts/7%0a').expect(404);
  });

  test.each([
    ['number', '0042', '4x'],
    ['alpha', 'Ab', 'a1'],
    ['slug', 'a-1', '-a'],
    ['uuid', '0190f7a1-0000-7000-8000-00000000000a', '0190f7a1'],
    ['ulid', '01ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAU'],
  ] as const)('may ask for a %s', async (pattern, right, wrong) => {
    const client = await serve((route) =>
      route.group({ where: { it: pattern } }, (group) => void group.get('/:it', () => 'yes')),
    );
    await client.get(`/${right}`).expect(200);
    await client.get(`/${wrong}`).expect(404);
  });

  test('has what remains of a path as one text, which has to match as a whole', async () => {
    const client = await serve((route) => {
      route.get('/files/*path', (given) => given.param('path')).where('path', /[a-z/]+/);
      route.get('/files/:folder{/*path}', ({ params }) => params).where('path', 'slug');
    });
    await client.get('/files/a/b').expect(200, 'a/b');
    await client.get('/files/a%2Fb/c').expect(200, 'a/b/c');
    await client.get('/files/A/b').expect(200, { folder: 'A', path: ['b'] });
    await client.get('/files/A').expect(200, { folder: 'A' });
    await client.get('/files/A/b/c').expect(404);
    await client.get('/files/a/..%2f..').expect(404);
  });

  test('of a domain answers that host alone, and has a label of it as a parameter', async () => {
    const client = await serve((route) => {
      route.group({ domain: ':account.example.com' }, (group) => {
        group.get('/', (given) => given.param('account')).name('account');
      });
      route.get('/', () => 'everybody');
    });
    await client.get('/').set('Host', 'acme.example.com').expect('acme');
    await client.get('/').set('Host', 'ACME.example.com:8080').expect('acme');
    await client.get('/').set('Host', 'a.acme.example.com').expect('everybody');
    expect(app.make(UrlGenerator).url('account', { account: 'acme' })).toBe(
      'https://acme.example.com/',
    );
  });

  test('of a domain is not that of a request which names no host', async () => {
    const client = await serve((route) => {
      route.group({ domain: 'admin.example.com' }, (group) => {
        group.get('/', () => 'admin');
        group.get('/admin', () => 'admin');
      });
      route.get('/', () => 'everybody');
    });
    await client.get('/').set('Host', '').expect(200, 'everybody');
    await client.get('/admin').set('Host', '').expect(404);
  });

  test('sends on to another address', async () => {
    const client = await serve((route) => {
      route.redirect('/old', '/new');
      route.redirect('/older', '/new', 301);
    });
    await client.get('/old').expect(302).expect('Location', '/new');
    await client.get('/older').expect(301);
  });

  test('that is the fallback answers what nobody else does, after the refusal of methods', async () => {
    const client = await serve((route) => {
      route.fallback((given) => `nothing at ${given.path}`);
      route.get('/there', () => 'here');
    });
    await client.get('/there').expect('here');
    await client.post('/there').expect(405);
    await client.put('/nowhere/at/all').expect(200, 'nothing at /nowhere/at/all');
    await client.get('/').expect(200, 'nothing at /');
  });

  test('may be the fallback once', async () => {
    await open((route) => {
      route.fallback(() => 1);
      route.fallback(() => 2);
    });
    expect(() => app.http()).toThrow(errorWith('E_ROUTE_INVALID', 'More than one'));
  });
});

describe('a resource', () => {
  class Posts {
    index = undefined;

    create() {
      return 'form';
    }
    store() {
      return 'stored';
    }
    show(given: Request) {
      return given.param('post');
    }
    update(given: Request) {
      return given.method;
    }
  }

  class Comments {
    show(given: Request) {
      return [given.param('blog_post'), given.param('comment')];
    }
    destroy() {
      return 'gone';
    }
  }

  test('has the routes for which its controller has a method', async () => {
    const client = await serve((route) => {
      route.resource('posts', Posts);
    });
    await client.get('/posts/create').expect('form');
    await client.post('/posts').expect('stored');
    await client.get('/posts/7').expect('7');
    await client.put('/posts/7').expect('PUT');
    await client.patch('/posts/7').expect('PATCH');
    await client.delete('/posts/7').expect(405);
    expect(app.make(UrlGenerator).url('posts.show', { post: 7 })).toBe('/posts/7');
  });

  test('of an API has no pages of forms', async () => {
    const client = await serve((route) => route.apiResource('posts', Posts));
    await client.get('/posts/create').expect(200, 'create'); // the key of a post, then
  });

  test('has those alone that are asked for', async () => {
    await open((route) => {
      route.group({ prefix: '/admin', name: 'admin.' }, (admin) => {
        admin.resource('posts', Posts, { only: ['show', 'store'], except: ['store'] });
      });
    });
    expect(app.http().routes.map(({ name, path }) => [name, path])).toEqual([
      ['admin.posts.show', '/admin/posts/:post'],
    ]);
  });

  test('may lie in another one', async () => {
    const client = await serve((route) => route.resource('blog-posts.comments', Comments));
    await client.get('/blog-posts/7/comments/9').expect(200, ['7', '9']);
    expect(app.http().routes.map(({ name }) => name)).toEqual([
      'blog-posts.comments.show',
      'blog-posts.comments.destroy',
    ]);
  });

  test('has what is said of it said of each of its routes', async () => {
    const thePost = bindParameter('post', (value) =>
      value === '7' ? { title: 'Seven' } : undefined,
    );
    class Bound {
      index() {
        return 'all';
      }
      show(given: Request) {
        return given.bound(thePost);
      }
    }
    const client = await serve((route) => {
      route
        .resource('posts', Bound)
        .where('post', 'number')
        .bind(thePost)
        .middleware((_request, response, next) => {
          response.setHeader('X-Passed', 'yes');
          next();
        });
    });
    await client.get('/posts').expect(200, 'all').expect('X-Passed', 'yes');
    await client.get('/posts/7').expect(200, { title: 'Seven' }).expect('X-Passed', 'yes');
    await client.get('/posts/8').expect(404).expect('X-Passed', 'yes');
    expect((await client.get('/posts/seven').expect(404)).headers).not.toHaveProperty('x-passed');
  });

  test('without any route is refused', async () => {
    project = createProject();
    app = await createTestApplication({
      basePath: project.path,
      routes: (route) => {
        route.resource('posts', class Nothing {});
      },
    });
    expect(() => app.http()).toThrow(errorWith('E_ROUTE_INVALID', '"Nothing" has no method'));
  });
});

describe('a binding', () => {
  const thePost = bindRow('post', 'posts' as never);
  const bySlug = bindRow('slug', 'posts' as never, { key: 'slug' });
  const theDraft = bindParameter('draft', (value, scope) =>
    scope.make(CacheRepository).get<string>(value),
  );
  const routes: RouteFile = (route) => {
    route.get('/posts/:post', (given) => given.bound(thePost)).bind(thePost);
    route.get('/by/:slug', (given) => given.bound(bySlug)).bind(bySlug);
    route.get('/drafts/:draft', (given) => ({ text: given.bound(theDraft) })).bind(theDraft);
    route
      .get('/closed/:post', () => 'open')
      .bind(thePost)
      .middleware((_request, response) => response.status(401).end());
    route.get('/forgotten/:post', (given) => given.bound(thePost));
  };

  async function serveRows() {
    const client = await serve(routes, {
      'database/migrations/default/2026_01_01_000000_create_posts.js': POSTS,
    });
    await app.migrator().migrate();
    const db = app.database() as unknown as import('kysely').Kysely<Record<string, never>>;
    await db.insertInto('posts').values({ id: 7, slug: 'first' }).execute();
    await app.make(CacheRepository).put('note', 'text', '1h');
    return client;
  }

  test('is what the parameter names: a row by its id or another column, or what a function finds', async () => {
    const client = await serveRows();
    await client.get('/posts/7').expect(200, { id: 7, slug: 'first' });
    await client.get('/by/first').expect(200, { id: 7, slug: 'first' });
    await client.get('/drafts/note').expect(200, { text: 'text' });
  });

  test('of what is not there is 404, whatever is asked for', async () => {
    const client = await serveRows();
    // To SQLite, "07" and "7e0" are the number 7
    for (const id of ['8', 'x', "7' or 1=1", '%00', '07', '7.0', '7e0', '+7', ' 7']) {
      const { status } = await client.get(`/posts/${encodeURIComponent(id)}`);
      expect([id, status]).toEqual([id, 404]);
    }
    await client.get('/drafts/none').expect(404);
  });

  test('is looked for after the middleware: who may not come in is not told what there is', async () => {
    const client = await serveRows();
    await client.get('/closed/8').expect(401);
  });

  test('that a route does not have is an error that says so', async () => {
    const client = await serveRows();
    const { body } = await client.get('/forgotten/7').expect(500);
    expect(JSON.stringify(body)).not.toContain('undefined');
  });
});

describe('the address of a named route', () => {
  const urlOf = (name: string, parameters?: UrlParameters): string =>
    app.make(UrlGenerator).url(name, parameters);

  test('holds segments of a rest and what stands in braces', async () => {
    const client = await serve((route) => {
      route.get('/files/:folder{/*path}', ({ params }) => params).name('files');
    });
    const address = urlOf('files', { folder: 'a b', path: ['c/d', 'e'] });
    expect(address).toBe('/files/a%20b/c%2Fd/e');
    await client.get(address).expect({ folder: 'a b', path: ['c/d', 'e'] });
    expect(urlOf('files', { folder: 'a', path: 'b/c' })).toBe('/files/a/b/c');
    expect(urlOf('files', { folder: 'a' })).toBe('/files/a');
    expect(urlOf('files', { folder: 'a', path: [] })).toBe('/files/a');
    expect(() => urlOf('files', { path: 'b' })).toThrow(/needs a value for "folder"/);
  });

  test('leads to no other place by a value that browsers take for a folder', async () => {
    await open((route) => {
      route.get('/files/:folder{/*path}', () => 1).name('files');
    });
    expect(urlOf('files', { folder: '...', path: 'a.b/..c' })).toBe('/files/.../a.b/..c');
    expect(urlOf('files', { folder: '../..' })).toBe('/files/..%2F..');
    expect(() => urlOf('files', { folder: '..' })).toThrow(/cannot be "\/files\/\.\."/);
    expect(() => urlOf('files', { folder: 'a', path: 'b/./c' })).toThrow(/take "\." and "\.\."/);
  });

  test('holds a value more than once in its query, and what is undefined not at all', async () => {
    await open((route) => {
      route.get('/posts', () => 1).name('posts');
    });
    expect(urlOf('posts', { tag: ['a', 'b&c'], page: undefined, q: '' })).toBe(
      '/posts?tag=a&tag=b%26c&q=',
    );
  });
});

describe('an action that aborts', () => {
  test('answers with the status and a message that the client may read', async () => {
    const client = await serve((route) => {
      route.get('/:status', (given) => abort(Number(given.param('status')), 'So it is.'));
      route.get('/', () => abort(410));
    });
    for (const status of [400, 401, 403, 404, 409, 410, 418]) {
      const { body } = await client.get(`/${status}`).expect(status);
      expect(body).toMatchObject({ status, detail: 'So it is.' });
    }
    expect((await client.get('/').expect(410)).body).toMatchObject({ detail: 'Gone' });
    await client.get('/200').expect(500); // no error: a fault of the action
  });
});

describe('middleware', () => {
  const ended: string[] = [];

  beforeEach(() => {
    ended.length = 0;
  });

  @injectable()
  class Count implements Middleware {
    #path = '';

    handle(given: Request, _response: Response, next: Next) {
      this.#path = given.path;
      next();
    }

    terminate() {
      ended.push(this.#path);
    }
  }

  test('is named with words, in routes and in groups', async () => {
    const kernel = defineHttpKernel({
      groups: { web: ['stamp:one, two', 'inner'], inner: ['throttle:1,1'] },
      aliases: {
        stamp:
          (...words) =>
          (_request, response, next) => {
            response.setHeader('X-Stamp', words.join('+'));
            next();
          },
      },
    });
    Object.assign(globalThis, { kernel });
    const client = await serve((route) => void route.get('/', () => 'in').middleware('web'), {
      'app/http/kernel.js': exportDefault('globalThis.kernel'),
    });
    await client.get('/').expect(200).expect('X-Stamp', 'one+two');
    await client.get('/').expect(429);
  });

  test('is passed once, however often the groups around a route ask for it', async () => {
    const client = await serve(
      (route) => {
        route.group({ middleware: ['web', Count] }, (outer) => {
          outer.group({ middleware: ['web', Count] }, (inner) => {
            inner.get('/once', () => 'in').middleware('throttle:9,1', Count);
          });
        });
      },
      { 'app/http/kernel.js': exportDefault("{ groups: { web: ['throttle:9,1'] } }") },
    );
    await client.get('/once').expect(200, 'in').expect('X-RateLimit-Remaining', '8');
    await app.http().settled();
    expect(ended).toEqual(['/once']);
  });

  test.each([
    ['nobody declares', 'nope:1', 'asks for the middleware "nope:1"'],
    ['is in itself', 'round', 'is in itself'],
    ['only objects have', 'constructor', 'asks for the middleware "constructor"'],
  ])('of a name that %s is refused at boot', async (_what, name, words) => {
    await open((route) => void route.get('/', () => 'in').middleware(name), {
      'app/http/kernel.js': exportDefault("{ groups: { round: ['other'], other: ['round'] } }"),
    });
    expect(() => app.http()).toThrow(errorWith('E_ROUTE_INVALID', words));
  });

  test('ends what it began once the response is closed', async () => {
    const client = await serve((route) => void route.get('/page', () => 'in').middleware(Count));
    await client.get('/page').expect(200);
    await app.http().settled();
    expect(ended).toEqual(['/page']);
  });
});
