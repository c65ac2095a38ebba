import { Agent, createServer, request, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { CacheRepository, injectable, startSession, verifyCsrf, type Request } from 'trilite';
import { sqliteByHand } from './cache/by-hand-sides';
import type { CacheSide } from './cache/cache-side';
import { everyEntry } from './cache/entries';
import { makeCacheApplication, openApplication, type Application } from './lib/application';
import { atLeast, type Benchmark } from './lib/benchmark';
import { withChildren, type Child } from './lib/child';
import { rawLike } from './lib/raw';
import { interleave } from './lib/rounds';
import { SLICE_MS } from './lib/slice';
import { median, ratios, spread } from './lib/statistics';
import { printTable } from './lib/table';
import { monotonicMs } from './lib/time';

/*
 * The same request, answered by express with a cache by hand, and through Trilite's router, a controller made anew and an injected cache: the
 * CPU time that the serving process takes for one. A client in another process asks one server after the other, over as many connections.
 */

const CONNECTIONS = 16;
const KEYS = 1000;

/** How the servers are called in the table; each is to be compared with the first. */
const TITLES = {
  bare: 'express, cache by hand',
  function: 'Trilite, a function',
  controller: 'Trilite, controller with an injected cache',
  web: '… with session and CSRF check, which it does not use',
};

type Name = keyof typeof TITLES;

/** What one slice came to. */
interface Slice {
  readonly cpuUs: number;
  readonly perSecond: number;
}

@injectable()
class PersonController {
  constructor(private readonly cache: CacheRepository) {}

  show(request: Request): Promise<unknown> {
    return this.cache.get(request.param('key'));
  }
}

export const http: Benchmark = {
  name: 'http',
  shows:
    'CPU time of a request with a cache hit, by express alone and through router and controller',
  seconds: { alone: 10, among: 2 },

  async run({ folder, seconds }) {
    const app = await openSite(folder);
    const byHand = sqliteByHand(await rawLike(app.connections.connection('byHand')));
    for (const entry of everyEntry().slice(0, KEYS)) {
      await byHand.put(entry);
      await app.cache().put(entry.key, entry.value, '1h');
    }
    const [bare, trilite] = [await listen(bareSite(byHand)), await listen(app.http().handler)];
    const results = await withChildren(1, __filename, ([client]) =>
      interleave(seconds, {
        bare: () => measure(client as Child, bare, '/people'),
        function: () => measure(client as Child, trilite, '/function'),
        controller: () => measure(client as Child, trilite, '/people'),
        web: () => measure(client as Child, trilite, '/web'),
      }),
    );
    for (const server of [bare, trilite]) server.close();
    await byHand.close();
    await app.close();
    report(results);
    const value = median(toBare(results, 'controller'));
    return [
      atLeast(0.8, { what: 'CPU time of bare express to that of Trilite', value, unit: ' ×' }),
    ];
  },
};

async function openSite(folder: string): Promise<Application> {
  const made = await makeCacheApplication(
    folder,
    { default: {}, cache: {}, byHand: {} },
    { sqlite: { driver: 'sqlite', connection: 'cache' } },
  );
  await made.close();
  const app = await openApplication(folder, {
    routes: (route) => {
      route.get('/function/:key', (request) => app.cache().get(request.param('key')));
      route.get('/people/:key', [PersonController, 'show']);
      route.get('/web/:key', [PersonController, 'show']).middleware(startSession, verifyCsrf());
    },
  });
  return app;
}

/** What somebody writes who has no framework: express as it comes, with the bodies that Trilite reads as well. */
function bareSite(cache: CacheSide): RequestListener {
  const app = express();
  app.use(express.json(), express.urlencoded({ extended: false }));
  app.get('/people/:key', async (request, response) => {
    response.json(await cache.get(request.params.key));
  });
  return app;
}

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function measure(client: Child, server: Server, path: string): Promise<Slice> {
  const { port } = server.address() as AddressInfo;
  const before = process.cpuUsage();
  const { answers, elapsedMs } = await client.run(ask, { port, path });
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: (user + system) / answers, perSecond: (answers * 1000) / elapsedMs };
}

type Results = Readonly<Record<Name, readonly Slice[]>>;

function report(results: Results): void {
  const rows = (Object.keys(TITLES) as Name[]).map((name) => [
    TITLES[name],
    spread(results[name].map(({ cpuUs }) => cpuUs)),
    name === 'bare' ? '' : spread(toBare(results, name), 2),
    spread(results[name].map(({ perSecond }) => perSecond)),
  ]);
  printTable(['a request', 'CPU µs', 'express to it', 'a second'], rows);
}

function toBare(results: Results, name: Name): number[] {
  return ratios(results.bare, results[name], ({ cpuUs }) => cpuUs);
}

// From here on: in the other process.

/** Whom to ask. */
interface Load {
  readonly port: number;
  readonly path: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** Asks for one slice of time, as fast as it is answered. */
export async function ask(load: Load): Promise<{ answers: number; elapsedMs: number }> {
  const startedAt = monotonicMs();
  let answers = 0;
  const askOn = async (): Promise<void> => {
    while (monotonicMs() - startedAt < SLICE_MS) {
      await askOnce(load, answers % KEYS);
      answers += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, askOn));
  return { answers, elapsedMs: monotonicMs() - startedAt };
}

async function askOnce({ port, path }: Load, index: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    request({ agent, port, host: '127.0.0.1', path: `${path}/person:${index}` }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode}`));
      response.resume().once('end', resolve);
    })
      .once('error', reject)
      .end();
  });
}
