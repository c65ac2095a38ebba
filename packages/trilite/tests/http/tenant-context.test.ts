import { EventEmitter } from 'node:events';
import { connect } from 'node:net';
import { CacheRepository } from '../../src/cache/cache-repository';
import { HttpServer } from '../../src/http/http-server';
import type { RouteFile } from '../../src/http/router';
import type { Next, Request, Response } from '../../src/http/request';
import { afterResponse } from '../../src/support/after-response';
import { errorCode } from '../../src/support/errors';
import { injectable } from '../../src/tenancy/injection';
import { gate, type Gate } from '../helpers/gate';
import { openTenantSite, textOf, type TenantSite } from '../helpers/tenant-site';

/*
 * Places where the decision for whom the work is gets lost, or another one's is found: what is read there is the right tenant's, or an error,
 * never another tenant's.
 */

let site: TenantSite;
afterEach(() => site.close());

const IDS = ['acme', 'globex', 'initech'];

@injectable()
class Names {
  constructor(private readonly cache: CacheRepository) {}

  show() {
    return find(() => this.cache);
  }
}

/** Opens a site whose tenants know their own names. */
async function open(tenantRoutes: RouteFile, routes?: RouteFile, kernel?: string): Promise<void> {
  site = await openTenantSite({
    tenants: IDS,
    tenantRoutes,
    ...(routes && { routes }),
    ...(kernel !== undefined && { kernel }),
  });
  for (const id of IDS) {
    await site.app.tenancy.run(id, () => site.app.make(CacheRepository).put('who', id));
  }
}

/** What the current work finds: somebody's name, or the code of the error that keeps it from any. */
async function find(cache = () => site.app.make(CacheRepository)): Promise<string> {
  try {
    return String(await cache().get('who'));
  } catch (error) {
    return errorCode(error) ?? String(error);
  }
}

const LOST = ['E_TENANT_CONTEXT_MISSING', 'E_TENANT_WRONG'];

const askAs = (id: string, path: string, more: { method?: string; body?: string } = {}) =>
  site.ask({ host: `${id}.example`, path, ...more });

describe('a handler', () => {
  test('runs in the work of its request, though what calls it was called by a reader of the body', async () => {
    const readBody = (request: Request, _response: Response, next: Next): void => {
      request.on('data', () => undefined);
      request.once('end', () => next());
    };
    await open((route) => {
      route.post('/raw', () => find()).middleware(readBody);
      route
        .post('/error', () => find())
        .middleware((request, _response, next) => {
          request.on('data', () => undefined).once('end', () => next(new Error('read badly')));
        });
    });
    for (const id of IDS) {
      const answer = await askAs(id, '/raw', { method: 'POST', body: 'a body' });
      expect(answer.text).toBe(id);
    }
  });

  test('runs in the work of its request, whoever’s else a middleware went on in', async () => {
    await open((route) => {
      route
        .get('/central', () => find())
        .middleware((_request, _response, next) => {
          void site.app.tenancy.central(() => next());
        });
      route
        .get('/other', () => find())
        .middleware((_request, _response, next) => {
          void site.app.tenancy.run('globex', () => next(), { allowSwitch: true });
        });
    });
    expect((await askAs('acme', '/central')).text).toBe('acme');
    expect((await askAs('acme', '/other')).text).toBe('acme');
  });

  test('is made with what belongs to the tenant of its request', async () => {
    await open((route) => {
      route.get('/name', [Names, 'show']);
    });
    const answers = await Promise.all(IDS.map((id) => askAs(id, '/name')));
    expect(answers.map(({ text }) => text)).toEqual(IDS);
  });
});

describe('what the body is read by', () => {
  test('finds the right tenant or none: JSON, a form, a reader by hand, a stream that is iterated', async () => {
    await open((route) => {
      route.post('/parsed', (request) => find().then((who) => [who, request.body as unknown]));
      route.post('/raw', (request, response) => {
        request.on('data', () => undefined);
        request.once('end', () => void find().then((who) => response.json([who])));
      });
      route.post('/stream', async (request) => {
        const found: string[] = [];
        for await (const chunk of request) found.push(await find(), String(chunk));
        return [await find(), ...found];
      });
      route.post('/bound', (request, response) => {
        request.on('data', () => undefined);
        request.once(
          'end',
          site.app.tenancy.bind(() => void find().then((who) => response.json([who]))),
        );
      });
    });
    const post = async (id: string, path: string, type: string, body: string) => {
      const headers = { 'Content-Type': type };
      const answer = await site.ask({ method: 'POST', host: `${id}.example`, path, headers, body });
      return answer.json as unknown as unknown[];
    };
    for (const id of IDS) {
      expect(await post(id, '/parsed', 'application/json', '{"a":1}')).toEqual([id, { a: 1 }]);
      const form = 'application/x-www-form-urlencoded';
      expect(await post(id, '/parsed', form, 'a=1')).toEqual([id, { a: '1' }]);
      expect([id, ...LOST]).toContain((await post(id, '/raw', 'text/plain', 'text'))[0]);
      expect((await post(id, '/stream', 'application/octet-stream', 'text'))[0]).toBe(id);
      expect(await post(id, '/bound', 'text/plain', 'text')).toEqual([id]);
    }
  });

  test('finds no other tenant on a connection that served one before, kept alive or pipelined', async () => {
    const raw: RouteFile = (route) => {
      route.post('/raw', (request, response) => {
        const found: Promise<string>[] = [];
        request.on('data', () => found.push(find()));
        request.once('end', () => {
          found.push(find());
          void Promise.all(found).then((all) => response.json(all));
        });
      });
    };
    await open(raw);
    const requests = [...IDS, ...IDS].map((id, index) =>
      textOf({
        method: 'POST',
        host: `${id}.example`,
        path: '/raw',
        body: 'text',
        headers: { Connection: index < 5 ? 'keep-alive' : 'close' },
      }),
    );
    const text = await talk(site.port, requests.join(''));
    const found = [...text.matchAll(/\[[^\]]*\]/g)].map(([list]) => JSON.parse(list) as string[]);
    expect(found).toHaveLength(6);
    found.forEach((list, index) => {
      for (const who of list) expect([IDS[index % 3], ...LOST]).toContain(who);
    });
  });
});

describe('what goes on besides', () => {
  test('finds the right tenant or none: a timer, an emitter, a promise that nobody awaits', async () => {
    const emitter = new EventEmitter();
    const late = new Map<string, Gate<string>>(IDS.map((id) => [id, gate<string>()]));
    const closed = gate();
    await open((route) => {
      route.get('/timer', (_request, response) => {
        setTimeout(() => void find().then((who) => response.json([who])), 1);
      });
      route.get('/emitter', (_request, response) => {
        emitter.once('now', () => void find().then((who) => response.json([who])));
        setImmediate(() => emitter.emit('now'));
      });
      route.get('/late', (request) => {
        const id = request.tenant?.id ?? '';
        void closed.opened.then(() => find()).then((who) => late.get(id)?.open(who));
        return [id];
      });
    });
    for (const id of IDS) {
      expect((await askAs(id, '/timer')).json).toEqual([id]);
      expect([id, ...LOST]).toContain((await askAs(id, '/emitter')).json?.[0 as never]);
      await askAs(id, '/late');
    }
    closed.open();
    for (const id of IDS) expect([id, ...LOST]).toContain(await late.get(id)?.opened);
  });

  test('finds the right tenant or none in a batch that requests of several tenants share', async () => {
    interface Load {
      readonly cache: CacheRepository;
      readonly done: (who: string) => void;
    }
    let batch: Load[] = [];
    const full = gate();
    const load = (cache: CacheRepository): Promise<string> =>
      new Promise((done) => {
        batch.push({ cache, done });
        if (batch.length < IDS.length) return;
        // In the work of whoever came last, for all of them
        const loads = batch;
        batch = [];
        full.open();
        for (const one of loads) void find(() => one.cache).then(one.done);
      });
    await open((route) => {
      route.get('/load', async () => [await load(site.app.make(CacheRepository))]);
    });
    const answers = await Promise.all(IDS.map((id) => askAs(id, '/load')));
    await full.opened;
    const found = answers.map(({ json }) => String(json?.[0 as never]));
    found.forEach((who, index) => expect([IDS[index], ...LOST]).toContain(who));
    expect(found.filter((who) => who === 'E_TENANT_WRONG')).toHaveLength(2);
  });
});

describe('the work of a request', () => {
  test('lasts while the answer streams on, and what was put off until then is the same tenant’s', async () => {
    const [first, end] = [gate(), gate()];
    const after = gate<string>();
    await open((route) => {
      route.get('/stream', async (_request, response) => {
        afterResponse(async () => after.open(await find()));
        response.write(await find());
        first.open();
        await end.opened;
        response.end(` ${await find()}`);
      });
    });
    const answer = askAs('acme', '/stream');
    await first.opened;
    end.open();
    expect((await answer).text).toBe('acme acme');
    expect(await after.opened).toBe('acme');
    await site.app.http().settled();
  });

  test('is over once its response is closed, by whoever, and not before', async () => {
    const [inside, aborted] = [gate<Response>(), gate()];
    await open((route) => {
      route.get('/wait', (_request, response) => {
        response.once('close', () => aborted.open());
        inside.open(response);
        return new Promise(() => undefined); // as if it had hung
      });
    });
    const runs: string[] = [];
    const { run } = site.app.tenancy;
    jest.spyOn(site.app.tenancy, 'run').mockImplementation(async (...values: unknown[]) => {
      runs.push('begun');
      await Reflect.apply(run, site.app.tenancy, values);
      runs.push('over');
      return undefined;
    });
    const socket = connect(site.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(textOf({ host: 'acme.example', path: '/wait' }));
    await inside.opened;
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toEqual(['begun']);
    socket.destroy();
    await aborted.opened;
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toEqual(['begun', 'over']);
  });

  test('does not begin for somebody who has gone while it was told whose it is', async () => {
    const [asked, goOn, ended] = [gate(), gate(), gate()];
    const reached: string[] = [];
    Object.assign(globalThis, { asked, goOn });
    await open(
      (route) => {
        route.get('/reached', (request) => reached.push(request.url));
      },
      undefined,
      `{ resolvers: [{ name: 'slow', trust: 'token', resolve: async (request) => {
        globalThis.asked.open(request.res);
        await globalThis.goOn.opened;
        return 'acme';
      } }] }`,
    );
    const { run } = site.app.tenancy;
    jest.spyOn(site.app.tenancy, 'run').mockImplementation(async (...values: unknown[]) => {
      await Reflect.apply(run, site.app.tenancy, values);
      ended.open();
      return undefined;
    });
    const socket = connect(site.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(textOf({ host: 'acme.example', path: '/reached' }));
    const response = (await asked.opened) as unknown as Response;
    const closed = new Promise((resolve) => response.once('close', resolve));
    socket.destroy();
    await closed;
    goOn.open();
    await ended.opened;
    expect(reached).toEqual([]);
  });

  test('is its own, also where the server was started inside another one’s', async () => {
    await open(
      (route) => {
        route.get('/who', () => find());
      },
      (route) => {
        route.get('/who', () => site.app.tenancy.state);
      },
    );
    const server = new HttpServer(site.app.http().handler);
    const address = await site.app.tenancy.run('globex', () =>
      server.start({ host: '127.0.0.1', port: 0 }),
    );
    const ask = (host: string) =>
      talk(Number(new URL(address).port), textOf({ host, path: '/who' }));
    try {
      expect(await ask('acme.example')).toMatch(/acme$/);
      expect(await ask('localhost')).toMatch(/central$/);
    } finally {
      await server.stop(0);
    }
  });

  test('of a tenant is refused from the moment it is suspended, and the open one goes on', async () => {
    const [inside, goOn] = [gate(), gate()];
    await open((route) => {
      route.get('/slow', async () => {
        inside.open();
        await goOn.opened;
        return find();
      });
    });
    const slow = askAs('acme', '/slow');
    await inside.opened;
    await site.app.tenancy.suspend('acme');
    expect((await askAs('acme', '/slow')).status).toBe(503);
    goOn.open();
    expect((await slow).text).toBe('acme');
  });
});

/** Sends text, and reads all that comes until the server ends the connection. */
async function talk(port: number, text: string): Promise<string> {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined).once('close', () => resolve());
    socket.write(text);
  });
  return Buffer.concat(chunks).toString();
}
