import type { ChildProcess } from 'node:child_process';
import Database from 'better-sqlite3';
import { Migrator } from '../../../src/database/migrations/migrator';
import { workIndexMigrations } from '../../../src/tenancy/work-index/schema';
import { WorkIndexStore } from '../../../src/tenancy/work-index/work-index-store';
import { createFiles, ended, message, type TestFiles } from '../../helpers/files';

/*
 * Real processes of the built framework (dist/, which "npm test" makes first) that dispatch and drain, most of them killed.
 */

const PROCESSES = 3;
const DEATHS = 9;
/** Steps a process has before it is killed, at most. */
const LIFE = 200;

/** Hints that went, and came again. */
const CAME_BACK = 'select count(*) - count(distinct tenant_id) from deletions';

let files: TestFiles;

beforeEach(async () => {
  files = createFiles(['index', 'jobs']);
  const plan = { connection: 'index', migrations: workIndexMigrations };
  await new Migrator(files.connections, [plan]).migrate();
  await files.connections.connection('index').write((handle) => {
    handle.exec(`
      create table deletions (tenant_id text);
      create trigger count_deletions after delete on tenant_work
      begin insert into deletions values (old.tenant_id); end`);
  });
  const jobs = new Database(files.at('jobs.sqlite'));
  jobs.pragma('journal_mode = wal');
  jobs.exec(`
    create table jobs (id integer primary key, tenant text not null, claimed_until integer not null default 0);
    create index jobs_next on jobs (tenant, claimed_until)`);
  jobs.close();
});

afterEach(() => files.close());

async function start(work: string, dyingStep: number): Promise<ChildProcess> {
  const [index, jobs] = [files.at('index.sqlite'), files.at('jobs.sqlite')];
  const child = files.start('work-index.js', index, jobs, work, String(dyingStep));
  await message(child);
  child.send('begin');
  return child;
}

/** Lets one process after the other live until it is killed. @returns the deaths */
async function liveAndDie(lives: number): Promise<(NodeJS.Signals | null)[]> {
  const deaths: (NodeJS.Signals | null)[] = [];
  while (deaths.length < lives) {
    deaths.push(await ended(await start('both', 1 + Math.floor(Math.random() * LIFE))));
  }
  return deaths;
}

function tenantsWithJobs(): string[] {
  const jobs = new Database(files.at('jobs.sqlite'));
  const tenants = jobs.prepare('select distinct tenant from jobs').pluck().all() as string[];
  jobs.close();
  return tenants;
}

test('of processes that are killed anywhere none leaves a job without a hint, and the hints lead to all jobs', async () => {
  const connection = files.connections.connection('index');
  const count = (sql: string): Promise<unknown> =>
    connection.read((handle) => handle.statement(sql).pluck().get());
  // Hints have to go while jobs come: otherwise nothing is shown. On a busy machine that takes more lives
  do {
    const lines = Array.from({ length: PROCESSES }, () => liveAndDie(DEATHS / PROCESSES));
    const deaths = (await Promise.all(lines)).flat();
    expect(deaths).toEqual(Array.from({ length: DEATHS }, () => 'SIGKILL'));
  } while ((await count(CAME_BACK)) === 0);

  const hinted = (await new WorkIndexStore(connection).list()).map(({ tenantId }) => tenantId);
  expect(tenantsWithJobs().filter((tenant) => !hinted.includes(tenant))).toEqual([]);

  const drains = await start('drain', 0);
  await ended(drains);
  expect(drains.exitCode).toBe(0);
  expect(tenantsWithJobs()).toEqual([]);
  expect(await count('select count(*) from tenant_work')).toBe(0);
});
