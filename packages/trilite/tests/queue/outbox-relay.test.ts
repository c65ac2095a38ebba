import { fork, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApplication, job, sql, type Application, type JobHandle } from 'trilite';
import { travelBack, travelTo } from 'trilite/testing';
import { nextTurn } from '../../src/support/clock';
import { artisan } from '../helpers/artisan';
import { ended, killed, message } from '../helpers/files';
import { jobOf } from '../helpers/jobs';
import { holdLock } from '../helpers/lock-holder';
import { copyProject, createProject, exportDefault, type TestProject } from '../helpers/project';

/* What is committed comes to the queue, once, whatever dies or is put back. */

const PATIENCE_MS = 60_000;
jest.setTimeout(PATIENCE_MS);

const Note = jobOf(() => undefined, { name: 'Note' });

let migrated: TestProject;
let project: TestProject;
let apps: Application[];
let processes: ChildProcess[];

beforeAll(async () => {
  migrated = createProject();
  const app = await openIn(migrated);
  await app.migrator().migrate();
  await sql`create table notes (text text not null)`.execute(app.database());
  await app.close();
});

beforeEach(async () => {
  [apps, processes] = [[], []];
  project = copyProject(migrated);
});

afterEach(async () => {
  travelBack();
  await Promise.all(processes.map(killed));
  for (const app of apps) await app.close();
  project.remove();
});

afterAll(() => migrated.remove());

const file = (name: string): string => join(project.path, 'storage', name);

/** An application of the project, as another process would have it. */
async function open(): Promise<Application> {
  const app = await openIn(project);
  apps.push(app);
  return app;
}

function openIn({ path }: TestProject): Promise<Application> {
  return createApplication({ basePath: path, jobs: [Note], env: { APP_ENV: 'testing' } });
}

function start(...parameters: readonly string[]): ChildProcess {
  const script = join(__dirname, '../fixtures/outbox-processes/dispatch.js');
  const child = fork(script, [project.path, ...parameters], {
    env: { ...process.env, APP_ENV: 'testing' },
  });
  processes.push(child);
  return child;
}

/** Dispatches one job for each payload, all of them in one transaction. */
function dispatch(app: Application, ...payloads: readonly unknown[]): Promise<JobHandle[]> {
  return app.database().transaction(async () => {
    const handles: JobHandle[] = [];
    for (const payload of payloads) handles.push(await app.queue().dispatch(Note, payload));
    return handles;
  });
}

/** Has the relays of an application fail. @returns what lets them through again */
function holdRelays(app: Application): () => void {
  const held = jest.spyOn(app.queues.store(), 'relay').mockRejectedValue(new Error('held'));
  return () => held.mockRestore();
}

/** The payloads of the jobs that are stored, sorted, done ones as well. */
async function stored(app: Application): Promise<unknown[]> {
  await app.queues.outbox.flush();
  await app.queues.outbox.relay();
  return app.connections.connection('queue').read((handle) =>
    handle
      .statement('select payload from jobs order by payload')
      .pluck()
      .all()
      .map((text) => JSON.parse(String(text)) as unknown),
  );
}

async function rowsInOutbox(app: Application): Promise<unknown> {
  return app.connections
    .connection()
    .read((handle) => handle.statement('select count(*) from outbox').pluck().get());
}

async function generation(app: Application): Promise<unknown> {
  return app.connections
    .connection()
    .read((handle) => handle.statement('select generation from file_generation').pluck().get());
}

describe('a process that dies', () => {
  const moments = [
    ['before the commit', []],
    ['after the commit', ['a']],
    ['after the relay, before the row is deleted', ['a']],
  ] as const;
  /** A copy of what lies there at each of the moments, which is what a SIGKILL would leave, and what one has left. */
  let left: string;

  beforeAll(async () => {
    processes = [];
    project = copyProject(migrated);
    left = mkdtempSync(join(tmpdir(), 'trilite-left-'));
    expect(await ended(start('all of them', left))).toBe('SIGKILL');
    renameSync(project.path, join(left, 'by SIGKILL'));
  });

  afterAll(() => rmSync(left, { recursive: true }));

  const take = (moment: string): void => {
    project.remove();
    project = copyProject({ path: join(left, moment) });
  };

  test.each([...moments, ['by SIGKILL', ['a']] as const])(
    '%s leaves what was committed to whoever comes next, once',
    async (moment, expected) => {
      take(moment);
      const app = await open();
      expect(await stored(app)).toEqual(expected);
      expect(await stored(await open())).toEqual(expected);
      const { rows } = await sql`select text from notes`.execute(app.database());
      expect(rows).toHaveLength(expected.length);
    },
  );

  test('right after its commit leaves the job to any worker', async () => {
    take('after the commit');
    expect(await artisan(project, 'queue:work --stop-when-empty')).toMatchObject({ code: 0 });
    // The worker of "artisan" knows no class by the name, and says so of the job: it came to the queue, and was claimed
    const app = await open();
    expect(await app.queues.store().failed()).toMatchObject([{ job: 'Note', payload: '"a"' }]);
  });
});

test('several that commit and relay at once store each dispatch once', async () => {
  const app = await open();
  const children = [1, 2, 3].map(() => start('none'));
  await Promise.all(children.map(message));
  const done = Promise.all(children.map(message));
  for (const child of children) child.send('go on');
  const state = { isDone: false };
  void done.then(() => (state.isDone = true));
  while (!state.isDone) {
    await app.queues.outbox.relay();
    await nextTurn();
  }
  const payloads = await stored(app);
  expect(payloads).toHaveLength(300);
  expect(new Set(payloads).size).toBe(300);
});

describe('a relay', () => {
  test('that fails is made up for by the next one, and nobody who commits is told', async () => {
    const app = await open();
    const release = holdRelays(app);
    await dispatch(app, 'a');
    await dispatch(app, 'b');
    await app.queues.outbox.flush();
    release();
    expect(await stored(app)).toEqual(['a', 'b']);
  });

  test("that is cut off behind the queue's commit is not made twice", async () => {
    const app = await open();
    const store = app.queues.store();
    jest.spyOn(store, 'secure').mockRejectedValueOnce(new Error('disk I/O error'));
    await dispatch(app, 'a');
    await app.queues.outbox.flush();
    expect(await rowsInOutbox(app)).toBe(1);
    // Done and forgotten meanwhile: nothing but the number says that it was relayed
    expect(await app.queues.store().clear('default')).toBe(1);
    expect(await stored(app)).toEqual([]);
    expect(await stored(await open())).toEqual([]);
  });

  test('brings more than one piece', async () => {
    const app = await open();
    const release = holdRelays(app);
    const numbers = Array.from({ length: 1200 }, (_, index) => index);
    await dispatch(app, ...numbers);
    await app.queues.outbox.flush();
    release();
    expect(await app.queues.outbox.relay()).toBe(1200);
    expect(await stored(app)).toHaveLength(1200);
  });

  test('goes on when the application closes: what was committed is there then', async () => {
    const app = await open();
    await dispatch(app, 'a');
    await app.close();
    const next = await open();
    expect(await next.queues.store().nextDueAt(['default'])).toBeDefined();
  });

  test('stores a chain and a batch as they were dispatched', async () => {
    const app = await open();
    const batch = await app.database().transaction(async () => {
      await app.queue().chain([job(Note, 'first'), job(Note, 'second')]);
      return app.queue().batch([job(Note, 'member')], { name: 'import' });
    });
    expect(await stored(app)).toEqual(['first', 'member']);
    expect(await batch.status()).toMatchObject({ name: 'import', total: 1 });
  });
});

describe('a row that was relayed', () => {
  test('is deleted once a checkpoint covers it', async () => {
    const app = await open();
    const secured = jest.spyOn(app.queues.store(), 'secure');
    await dispatch(app, 'a');
    await app.queues.outbox.flush();
    expect(await secured.mock.results[0]?.value).toBe(true);
    expect(await rowsInOutbox(app)).toBe(0);
  });

  test('stays while the checkpoint is held up, and goes later', async () => {
    const app = await open();
    const reader = await holdLock(file('queue.sqlite'), 'read');
    await dispatch(app, 'a');
    await app.queues.outbox.flush();
    expect(await rowsInOutbox(app)).toBe(1);
    await reader.release();
    const next = await open();
    await next.queues.outbox.relay();
    expect(await rowsInOutbox(next)).toBe(0);
    expect(await stored(next)).toEqual(['a']);
  });

  test('is deleted without a checkpoint where each commit is on the disk', async () => {
    project.write(
      'config/database.js',
      exportDefault(`{
        default: 'default',
        connections: {
          default: { driver: 'sqlite', file: 'database.sqlite', synchronous: 'full' },
          cache: { driver: 'sqlite', file: 'cache.sqlite' },
          queue: { driver: 'sqlite', file: 'queue.sqlite', synchronous: 'full' },
        },
      }`),
    );
    const app = await open();
    const reader = await holdLock(file('queue.sqlite'), 'read');
    await dispatch(app, 'a');
    await app.queues.outbox.flush();
    expect(await rowsInOutbox(app)).toBe(0);
    await reader.release();
    expect(await stored(app)).toEqual(['a']);
  });

  test('is not deleted with those that were not', async () => {
    const app = await open();
    await dispatch(app, 'a');
    const release = holdRelays(app);
    await dispatch(app, 'b');
    await app.queues.outbox.flush();
    release();
    expect(await stored(app)).toEqual(['a', 'b']);
  });
});

describe('a data file that is restored', () => {
  async function restore(): Promise<void> {
    const [backup] = readdirSync(file('backups')).filter((name) => name.endsWith('.sqlite'));
    const { code, err } = await artisan(project, ['db:restore', String(backup), '--force']);
    expect({ code, err }).toMatchObject({ code: 0 });
  }

  /** "a" was relayed before the backup, "b" lies in its outbox, and what comes after is only in the queue. */
  async function restoreBehindLater(): Promise<Application> {
    const app = await open();
    await dispatch(app, 'a');
    await app.queues.outbox.flush();
    const release = holdRelays(app);
    await dispatch(app, 'b');
    await app.queues.outbox.flush();
    expect(await artisan(project, 'db:backup')).toMatchObject({ code: 0 });
    release();
    await dispatch(app, 'c', 'd', 'e');
    expect(await stored(app)).toEqual(['a', 'b', 'c', 'd', 'e']);
    await app.close();
    await restore();
    return open();
  }

  test('dispatches on, doubles nothing, and loses nothing', async () => {
    const app = await restoreBehindLater();
    await dispatch(app, 'f');
    expect(await stored(app)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    await dispatch(app, ...Array.from({ length: 20 }, (_, index) => index));
    expect(await stored(app)).toHaveLength(26);
  });

  test('is of another generation', async () => {
    const app = await open();
    const before = await generation(app);
    expect(await artisan(project, 'db:backup')).toMatchObject({ code: 0 });
    await app.close();
    await restore();
    expect(await generation(await open())).not.toBe(before);
  });

  test('brings back what the queue had lost: a queue file that is made anew is given it', async () => {
    const app = await open();
    const reader = await holdLock(file('queue.sqlite'), 'read'); // so that the row stays
    await dispatch(app, 'a');
    await app.queues.outbox.flush();
    await reader.release();
    await app.close();
    for (const end of ['', '-wal', '-shm']) rmSync(file(`queue.sqlite${end}`), { force: true });
    const next = await open();
    await next.migrator().migrate();
    expect(await stored(next)).toEqual(['a']);
  });
});

describe('a data file that is put back by a copy', () => {
  /** @returns an application on the file as it was before some dispatches, all of which came to the queue */
  async function copiedBackBehind(...payloads: readonly unknown[]): Promise<Application> {
    const app = await open();
    await app.close();
    copyFileSync(file('database.sqlite'), file('copy'));
    const later = await open();
    for (const payload of payloads) await dispatch(later, payload);
    expect(await stored(later)).toEqual(payloads);
    await later.close();
    copyFileSync(file('copy'), file('database.sqlite'));
    return open();
  }

  test('dispatches on', async () => {
    const app = await copiedBackBehind('a', 'b', 'c');
    await dispatch(app, 'd');
    expect(await stored(app)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('loses nothing of a transaction that dispatches more than all before', async () => {
    const app = await copiedBackBehind('a', 'b', 'c');
    await dispatch(app, 'd', 'e', 'f', 'g', 'h');
    expect(await stored(app)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  });

  test('loses nothing although the clock stands still', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    const app = await copiedBackBehind('a', 'b', 'c');
    await dispatch(app, 'd');
    expect(await stored(app)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('stores nothing again of what lay in its outbox', async () => {
    const app = await open();
    const release = holdRelays(app);
    await dispatch(app, 'a');
    await app.close();
    copyFileSync(file('database.sqlite'), file('copy'));
    release();
    const later = await open();
    await dispatch(later, 'b');
    expect(await stored(later)).toEqual(['a', 'b']);
    await later.close();
    copyFileSync(file('copy'), file('database.sqlite'));
    const back = await open();
    await dispatch(back, 'c', 'd', 'e');
    expect(await stored(back)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});
