import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CacheRepository } from 'trilite';
import { makeTenantApplication, openApplication, type Application } from './lib/application';
import { atMost, type Benchmark } from './lib/benchmark';
import { withChildren, type Child } from './lib/child';
import { openRaw, rawLike, type RawFile } from './lib/raw';
import { interleave } from './lib/rounds';
import { percentile, ratios, spread } from './lib/statistics';
import { printTable } from './lib/table';
import { delay, monotonicMs } from './lib/time';

/*
 * Another process holds the write locks of one tenant's files for 3 s, and eight requests wait for them. Meanwhile requests of other tenants,
 * each of which writes, come at a steady pace to the same server: how long they take, beside rounds without a lock.
 */

const HOLD_MS = 3000;
const REQUESTS_PER_SECOND = 200;
const OTHERS = 10;
const WAITING = 8;

/** What a client is to do. */
interface Load {
  readonly port: number;
  /** Whether requests of the tenant whose files are locked wait beside the others. */
  readonly withWaiting: boolean;
}

export const tenantLock: Benchmark = {
  name: 'tenant-lock',
  shows: `requests of other tenants while one tenant's files are locked for ${HOLD_MS / 1000} s`,
  seconds: { alone: 15, among: 3 },

  async run({ folder, seconds }) {
    const app = await openSite(folder);
    const server = await listen(app);
    const { port } = server.address() as AddressInfo;
    const results = await withChildren(2, __filename, ([holder, client]) =>
      interleave(seconds, {
        free: () => (client as Child).run(ask, { port, withWaiting: false }),
        locked: async () => {
          await (holder as Child).run(hold, await filesOf(app, 'locked'));
          return (client as Child).run(ask, { port, withWaiting: true });
        },
      }),
    );
    server.close();
    await app.close();
    report(results);
    const p99 = (lateMs: Float64Array): number => percentile(lateMs, 99);
    const ratio = percentile(ratios(results.locked, results.free, p99), 50);
    return [atMost(1.5, { what: 'p99 with a lock to p99 without', value: ratio, unit: ' ×' })];
  },
};

async function openSite(folder: string): Promise<Application> {
  const made = await makeTenantApplication(folder, require.resolve('./tenants/jobs'));
  const ids = ['locked', ...Array.from({ length: OTHERS }, (_, index) => `other-${index}`)];
  for (const id of ids) await made.tenancy.create({ id, domains: [`${id}.example`] });
  await made.close();
  const app = await openApplication(folder, {
    tenantRoutes: (route) => {
      route.post('/visits', () => app.make(CacheRepository).increment('visits'));
    },
  });
  return app;
}

async function listen(app: Application): Promise<Server> {
  const server = createServer(app.http().handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function filesOf(app: Application, id: string): Promise<RawFile> {
  const file = join(app.config.storagePath, `tenants/${id}/tenant_cache_${id}.sqlite`);
  return { ...(await rawLike(app.connections.connection('cache'))), file };
}

function report({
  free,
  locked,
}: Readonly<Record<'free' | 'locked', readonly Float64Array[]>>): void {
  const cells = (rounds: readonly Float64Array[]): string[] =>
    [50, 99, 100].map((percent) =>
      spread(
        rounds.map((lateMs) => percentile(lateMs, percent)),
        1,
      ),
    );
  printTable(
    [`${REQUESTS_PER_SECOND} requests a second of ${OTHERS} tenants`, 'p50 ms', 'p99 ms', 'worst'],
    [
      ['no lock', ...cells(free)],
      [`one more tenant locked, ${WAITING} of its requests wait`, ...cells(locked)],
    ],
  );
}

// From here on: in the other processes.

/** Takes the write lock, and lets it go by itself. */
export function hold(file: RawFile): void {
  const raw = openRaw(file, 0);
  raw.exec('BEGIN IMMEDIATE');
  void delay(HOLD_MS).then(() => {
    raw.exec('COMMIT');
    raw.close();
  });
}

/** How long each request of the others took since it was due, in milliseconds. */
export async function ask({ port, withWaiting }: Load): Promise<Float64Array> {
  const waiting = Array.from({ length: withWaiting ? WAITING : 0 }, () => visit(port, 'locked'));
  const beganAt = monotonicMs();
  const answers: Promise<number>[] = [];
  while (monotonicMs() - beganAt < HOLD_MS) {
    const dueAt = beganAt + (answers.length * 1000) / REQUESTS_PER_SECOND;
    if (dueAt > monotonicMs()) {
      await delay(1);
      continue;
    }
    const answered = visit(port, `other-${answers.length % OTHERS}`);
    answers.push(answered.then(() => monotonicMs() - dueAt));
  }
  const lateMs = Float64Array.from(await Promise.all(answers));
  await Promise.all(waiting);
  return lateMs;
}

async function visit(port: number, id: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const asked = request(
      {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/visits',
        headers: { host: `${id}.example` },
      },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`${id}: ${response.statusCode}`));
        response.resume().once('end', resolve);
      },
    );
    asked.once('error', reject).end();
  });
}
