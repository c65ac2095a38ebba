import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { job, QueueDispatcher } from 'trilite';
import { makeTenantApplication, openApplication, type Application } from './lib/application';
import { atMost, type Benchmark, type Floor } from './lib/benchmark';
import { median, percentile, show } from './lib/statistics';
import { printTable } from './lib/table';
import { delay, monotonicMs } from './lib/time';
import { BeginLog, NoteBegin } from './tenants/jobs';

/*
 * Many tenants in one process: what each costs that is created, is given a job, and has it done; how long the jobs of fifty wait while another
 * floods the same worker; and what a worker does whose tenants have nothing for it.
 */

const TENANTS = 2000;
const FLOOD = 10_000;
const OTHERS = 50;
/** Jobs at a time, of all tenants together. */
const CONCURRENCY = 4;
const IDLE_TENANTS = 10_000;
const IDLE_SECONDS = 60;

const MIGRATION = `exports.default = {
  up: (db) => db.schema.createTable('notes').addColumn('text', 'text').execute(),
  down: (db) => db.schema.dropTable('notes').execute(),
};`;

export const tenants: Benchmark = {
  name: 'tenants',
  shows: `${show(TENANTS)} tenants: created, given a job each, worked; one that floods; a worker without work`,
  seconds: { alone: IDLE_SECONDS, among: 5 },

  async run({ folder, seconds }) {
    const app = await makeTenantApplication(folder, require.resolve('./tenants/jobs'));
    try {
      const ids = Array.from({ length: TENANTS }, (_, index) => `tenant-${index}`);
      const rows = [
        await each('create', ids, (id) => app.tenancy.create(id)),
        ...(await migratedTwice(folder, app, ids)),
        await each('dispatch the first job', ids, (id) => dispatch(app, id)),
        await each('dispatch another', ids.slice(0, 500), (id) => dispatch(app, id)),
        await drained(app, TENANTS + 500),
      ];
      printTable(['of each tenant', 'ms', 'a second'], rows);
      const lateMs = await flooded(app, ids);
      const more = Array.from({ length: IDLE_TENANTS - TENANTS }, (_, index) => `idle-${index}`);
      for (const id of more) await app.tenancy.create(id);
      await worker(app, true).run(); // what is left of the flood
      await app.close();
      return report(lateMs, await idling(folder, seconds));
    } finally {
      await app.close();
    }
  },
};

async function each(
  what: string,
  ids: readonly string[],
  work: (id: string) => Promise<unknown>,
): Promise<string[]> {
  const beganAt = monotonicMs();
  for (const id of ids) await work(id);
  return row(what, monotonicMs() - beganAt, ids.length);
}

/** All tenants, once with a migration that none of them has, and once with none. */
async function migratedTwice(
  folder: string,
  app: Application,
  ids: readonly string[],
): Promise<string[][]> {
  const migrations = join(folder, 'database/migrations/tenant');
  mkdirSync(migrations, { recursive: true });
  writeFileSync(join(migrations, '2026_01_01_000000_create_notes.js'), MIGRATION);
  const migrate = (id: string): Promise<unknown> =>
    app.tenancy.run(id, (tenant, scope) => app.tenantMigrator(tenant, scope).migrate(), {
      anySchema: true,
    });
  return [
    await each('migrate, one to run', ids, migrate),
    await each('migrate, none to run', ids, migrate),
  ];
}

function row(what: string, tookMs: number, count: number): string[] {
  return [what, show(tookMs / count, 2), show((count * 1000) / tookMs)];
}

function dispatch(app: Application, id: string): Promise<unknown> {
  return app.tenancy.run(id, (_tenant, scope) =>
    scope.make(QueueDispatcher).dispatch(NoteBegin, { askedAt: monotonicMs(), id }),
  );
}

async function drained(app: Application, jobs: number): Promise<string[]> {
  BeginLog.clear();
  const beganAt = monotonicMs();
  await worker(app, true).run();
  if (BeginLog.begun.length !== jobs) {
    throw new Error(`${BeginLog.begun.length} jobs of ${jobs} ran`);
  }
  return row('worked: each job', monotonicMs() - beganAt, jobs);
}

/** How late the jobs of fifty tenants begin while one has ten thousand waiting. */
async function flooded(app: Application, ids: readonly string[]): Promise<number[]> {
  const [flooder = '', ...others] = ids.slice(0, OTHERS + 1);
  BeginLog.clear();
  await app.tenancy.run(flooder, (_tenant, scope) =>
    scope
      .make(QueueDispatcher)
      .bulk(Array.from({ length: FLOOD }, () => job(NoteBegin, { askedAt: 0, id: flooder }))),
  );
  const serving = worker(app, false);
  const done = serving.run();
  await BeginLog.first();
  for (const id of others) await dispatch(app, id);
  await BeginLog.of(others.length, flooder);
  serving.stop();
  await done;
  return BeginLog.begun.filter(({ id }) => id !== flooder).map(({ lateMs }) => lateMs);
}

/** What a worker costs that has nothing to do, and which queue files it opened. Of its own application: another's files rest one after the other. */
async function idling(folder: string, seconds: number): Promise<{ share: number; files: number }> {
  const app = await openApplication(folder);
  const serving = worker(app, false);
  const done = serving.run();
  await delay(3000);
  const [before, filesBefore] = [process.cpuUsage(), queueFiles()];
  await delay(seconds * 1000);
  const used = process.cpuUsage(before);
  const files = [...queueFiles()].filter((file) => !filesBefore.has(file)).length;
  serving.stop();
  await done;
  await app.close();
  return { share: (used.user + used.system) / (seconds * 1_000_000), files };
}

function worker(app: Application, stopWhenEmpty: boolean) {
  return app.tenantWorker({
    concurrency: CONCURRENCY,
    tries: 1,
    timeoutMs: 60_000,
    backoff: 0,
    sleepMs: 3000,
    shutdownMs: 1000,
    stopWhenEmpty,
  });
}

/** The queue files of tenants that this process has open. */
function queueFiles(): Set<string> {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  return new Set(maps.match(/tenant_queue_[a-z0-9-]+\.sqlite/g) ?? []);
}

function report(
  lateMs: readonly number[],
  { share, files }: { share: number; files: number },
): Floor[] {
  printTable(
    [`one job each of ${OTHERS} tenants beside a flood of ${show(FLOOD)}`, 'p50 ms', 'p99 ms'],
    [['from dispatch to begin', show(median(lateMs), 1), show(percentile(lateMs, 99), 1)]],
  );
  printTable(
    [`a worker for ${show(IDLE_TENANTS)} that have nothing to do`, '% of a core', 'files opened'],
    [['idle', show(share * 100, 3), String(files)]],
  );
  return [
    atMost(1000, { what: 'wait beside a flood, p99', value: percentile(lateMs, 99), unit: ' ms' }),
    atMost(1, {
      what: 'CPU time of an idle worker for all tenants',
      value: share * 100,
      unit: ' %',
    }),
    atMost(0, { what: 'queue files an idle worker opened', value: files, unit: '' }),
  ];
}
