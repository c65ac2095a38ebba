import { sql } from 'kysely';
import { travelBack, travelTo } from 'trilite/testing';
import type { Application } from '../../src/application';
import { CacheRegistry } from '../../src/cache/cache-registry';
import { CacheRepository } from '../../src/cache/cache-repository';
import { Limit } from '../../src/cache/limits/limit';
import { RateLimiter } from '../../src/cache/limits/rate-limiter';
import { Locks } from '../../src/cache/locks/locks';
import { Database } from '../../src/database/database';
import { QueueDispatcher } from '../../src/queue/queue-dispatcher';
import { QueueRegistry } from '../../src/queue/queue-registry';
import { errorWith } from '../helpers/errors';
import { exportDefault, type TestProject } from '../helpers/project';
import { createProjectInMode, openTenantApplication } from '../helpers/tenants';

// The same application, whether each tenant has files of its own or all share those of the application.

const STORES = exportDefault(`{
  default: 'sqlite',
  stores: {
    sqlite: { driver: 'sqlite', connection: 'cache' },
    memory: { driver: 'memory' },
    near: { driver: 'tiered', store: 'sqlite' },
    safe: { driver: 'failover', stores: ['sqlite', 'memory'] },
  },
}`);

let project: TestProject;
let app: Application;
const runs: string[] = [];

/** Writes a note of the tenant whose work it is. */
class WriteNote {
  static readonly jobName = 'WriteNote';
  static readonly options = { unique: { by: (text: string) => text } };

  async handle(text: string): Promise<void> {
    runs.push(`${app.tenancy.current()?.id ?? 'nobody'}: ${text}`);
    if (text.startsWith('bad')) throw new Error('It broke');
    if (app.tenancy.state === 'tenant') await write(text);
  }
}

const table = (db: Database) => db as unknown as import('kysely').Kysely<Record<string, never>>;

async function write(text: string): Promise<void> {
  await table(app.make(Database)).insertInto('notes').values({ text }).execute();
}

async function notes(): Promise<string[]> {
  const rows = await table(app.make(Database))
    .selectFrom('notes')
    .select('text' as never)
    .orderBy('text' as never)
    .execute();
  return (rows as { text: string }[]).map(({ text }) => text);
}

const dispatch = (text: string) => app.make(QueueDispatcher).dispatch(WriteNote, text);

/** Does all jobs that are due, as a process does whose command it is. */
async function work(mode: 'files' | 'single'): Promise<void> {
  const options = {
    concurrency: 2,
    sleepMs: 100,
    stopWhenEmpty: true,
    once: false,
    shutdownMs: 0,
    isWatched: false,
    tries: 1,
    timeoutMs: 0,
    backoff: 0,
  };
  if (mode === 'files') await app.tenantWorker(options).run();
  else await app.queues.worker('sqlite', { ...options, queues: ['default'] }).run();
}

describe.each(['files', 'single'] as const)('in mode "%s"', (mode) => {
  beforeEach(async () => {
    runs.splice(0);
    project = createProjectInMode(mode, { 'config/cache.js': STORES });
    app = await openTenantApplication(project, { jobs: [WriteNote] });
    for (const id of ['acme', 'globex']) await app.tenancy.create(id);
  });

  afterEach(async () => {
    travelBack();
    await app.close();
    project.remove();
  });

  test('a tenant sees nothing of another one', async () => {
    for (const id of ['acme', 'globex']) {
      await app.tenancy.run(id, async () => {
        await write('same');
        await write(`of ${id}`);
      });
    }
    expect(await app.tenancy.run('acme', notes)).toEqual(['of acme', 'same']);
    await app.tenancy.run('acme', () => sql`delete from notes`.execute(app.make(Database)));
    expect(await app.tenancy.run('globex', notes)).toEqual(['of globex', 'same']);
  });

  test.each(['sqlite', 'memory', 'near', 'safe'])('the cache "%s" is of a tenant', async (name) => {
    for (const id of ['acme', 'globex']) {
      await app.tenancy.run(id, async () => {
        await app.cache(name).put('who', id);
        await app.cache(name).tags('team').put('tagged', id);
      });
    }
    await app.tenancy.run('acme', async () => {
      expect(await app.cache(name).get('who')).toBe('acme');
      await app.cache(name).tags('team').clear();
      await app.cache(name).clear();
    });
    await app.tenancy.run('globex', async () => {
      expect(await app.cache(name).get('who')).toBe('globex');
      expect(await app.cache(name).tags('team').get('tagged')).toBe('globex');
    });
    expect(await app.tenancy.central(() => app.cache(name).get('who'))).toBeUndefined();
  });

  test('locks and limits are of a tenant', async () => {
    const take = () => app.make(Locks).lock('import', '1m').get();
    const hit = () => app.make(RateLimiter).attempt('mail', { max: 1, per: '1m' }, () => true);
    for (const id of ['acme', 'globex']) {
      expect(await app.tenancy.run(id, take)).toBe(true);
      expect(await app.tenancy.run(id, hit)).toBe(true);
    }
    expect(await app.tenancy.run('acme', take)).toBe(false);
    expect(await app.tenancy.run('acme', hit)).not.toBe(true);
    const held = await app.tenancy.run('acme', () => app.make(Locks).held());
    expect(held.map(({ name }) => name)).toEqual(['import']);
  });

  test('a named limiter of the application stands for its tenants, and counts each by itself', async () => {
    await app.tenancy.central(() =>
      app.make(RateLimiter).for('mail', (to: string) => Limit.perHour(1).by(to)),
    );
    const take = async () => (await app.make(RateLimiter).takeFor('mail', 'ada')).allowed;
    expect(await app.tenancy.run('acme', take)).toBe(true);
    expect(await app.tenancy.run('acme', take)).toBe(false);
    expect(await app.tenancy.run('globex', take)).toBe(true);
  });

  test('what a tenant declares as a limiter is nobody else’s', async () => {
    const nobody = () => Limit.perHour(0);
    const take = async () => (await app.make(RateLimiter).takeFor('mail', 'ada')).allowed;
    app.make(RateLimiter).for('mail', () => Limit.none());
    await app.tenancy.run('acme', () => app.make(RateLimiter).for('mail', nobody));
    expect(await app.tenancy.run('acme', take)).toBe(false);
    expect(await app.tenancy.run('globex', take)).toBe(true);
    await app.tenancy.run('acme', () => app.make(RateLimiter).for('own', nobody));
    await expect(
      app.tenancy.run('globex', () => app.make(RateLimiter).limiter('own')),
    ).rejects.toThrow(errorWith('E_RATE_LIMITER_UNKNOWN', 'there are: mail.'));
  });

  test('a lock of a store in memory is held for as long as it says, whatever is done to the tenant', async () => {
    const take = () => app.cache('memory').lock('import', '1h').get();
    expect(await app.tenancy.run('acme', take)).toBe(true);
    await app.tenancy.rename('acme', { quotas: { jobsPending: 5 } });
    expect(await app.tenancy.run('acme', take)).toBe(false);
    expect(await app.tenancy.run('globex', take)).toBe(true);
  });

  test('who listens in the work of a tenant hears nothing of another', async () => {
    const heard: string[] = [];
    const ends = await app.tenancy.run('acme', (_tenant, scope) => [
      app.make(Database).listen(({ parameters }) => void heard.push(String(parameters))),
      scope.make(CacheRegistry).events.listen((event) => 'key' in event && heard.push(event.key)),
    ]);
    for (const id of ['acme', 'globex']) {
      await app.tenancy.run(id, async () => {
        await write(`note of ${id}`);
        await app.make(CacheRepository).get(`key of ${id}`);
      });
    }
    expect(heard).toEqual(['note of acme', 'key of acme']);
    for (const end of ends) end();
  });

  test('what was injected for a tenant is of no use to another, nor to nobody', async () => {
    const [cache, db, queue] = await app.tenancy.run('acme', () => [
      app.make(CacheRepository),
      table(app.make(Database)),
      app.make(QueueDispatcher),
    ]);
    const uses = [
      () => cache.get('key'),
      () => db.selectFrom('notes').selectAll().execute(),
      () => queue.dispatch(WriteNote, 'x'),
    ];
    for (const use of uses) {
      await expect(app.tenancy.run('globex', use)).rejects.toEqual(errorWith('E_TENANT_WRONG'));
      await expect(app.tenancy.central(use)).rejects.toEqual(errorWith('E_TENANT_WRONG'));
      await expect(use()).rejects.toEqual(errorWith('E_TENANT_CONTEXT_MISSING'));
    }
  });

  test('jobs are done in the work of their tenant, each kept out by its own alone', async () => {
    for (const id of ['acme', 'globex']) {
      await app.tenancy.run(id, async () => {
        expect((await dispatch('one')).outcome).toBe('stored');
        expect((await dispatch('one')).outcome).toBe('duplicate');
      });
    }
    await work(mode);
    expect([...runs].sort()).toEqual(['acme: one', 'globex: one']);
    expect(await app.tenancy.run('acme', notes)).toEqual(['one']);
  });

  test('a job that is dispatched in a transaction is done in the work of its tenant', async () => {
    const handle = await app.tenancy.run('acme', async () => {
      const db = app.make(Database);
      const pending = await db.transaction(async () => {
        const own = await dispatch('from within');
        expect(own.outcome).toBe('pending');
        return own;
      });
      const seen = await pending.status();
      expect(seen?.id).toBe(pending.id);
      return pending;
    });
    expect(
      await app.tenancy.run('globex', () => app.make(QueueDispatcher).find(handle.id)),
    ).toBeUndefined();
    await app.tenancy.run('acme', () => app.queues.outbox.flush());
    await work(mode);
    expect(runs).toEqual(['acme: from within']);
  });

  test('a transaction that is carried into the work of another tenant is refused there, and goes on', async () => {
    const misuse = errorWith('E_TRANSACTION_MISUSE', 'begun in the work of the tenant "acme"');
    const inOther = (work: () => Promise<unknown>) =>
      app.tenancy.run('globex', () => expect(work()).rejects.toThrow(misuse), {
        allowSwitch: true,
      });
    await app.tenancy.run('acme', () =>
      app.make(Database).transaction(async (trx) => {
        const insert = (text: string) =>
          table(trx as never)
            .insertInto('notes')
            .values({ text });
        await inOther(() => insert('carried').execute());
        await inOther(() => trx.transaction(() => Promise.resolve()));
        if (mode === 'single') await inOther(() => dispatch('with that of acme'));
        await insert('own').execute();
      }),
    );
    expect(await app.tenancy.run('acme', notes)).toEqual(['own']);
    expect(await app.tenancy.run('globex', notes)).toEqual([]);
    await work(mode);
    expect(runs).toEqual([]);
  });

  test('within a transaction of one, another sees what is committed', async () => {
    await app.tenancy.run('acme', () =>
      app.make(Database).transaction(async (trx) => {
        await table(trx as never)
          .insertInto('notes')
          .values({ text: 'own' })
          .execute();
        const seen = await app.tenancy.run(
          'globex',
          async () => [await notes(), (await app.tenancy.find('acme'))?.id],
          { allowSwitch: true },
        );
        expect(seen).toEqual([[], 'acme']);
      }),
    );
  });

  test('no more jobs of a tenant are stored than may wait, however many are asked for at once', async () => {
    await app.tenancy.rename('acme', { quotas: { jobsPending: 2 } });
    await app.tenancy.run('globex', () => dispatch('of another'));
    const asked = ['one', 'two', 'three'].map((text) =>
      app.tenancy.run('acme', () => dispatch(text)),
    );
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(asked[2]).rejects.toMatchObject({ code: 'E_QUEUE_FULL', status: 429 });
    await work(mode);
    await app.tenancy.run('acme', () => dispatch('four'));
  });

  test('a job waits while its tenant takes no work', async () => {
    await app.tenancy.run('acme', () => dispatch('later'));
    await app.tenancy.suspend('acme');
    await work(mode);
    expect(runs).toEqual([]);
    await app.tenancy.resume('acme');
    travelTo(Date.now() + 120_000);
    await work(mode);
    expect(runs).toEqual(['acme: later']);
  });

  test('a job that has failed is put back to its tenant', async () => {
    const { id } = await app.tenancy.run('acme', () => dispatch('bad'));
    await work(mode);
    const store = () => app.make(QueueDispatcher).find(id);
    expect(await app.tenancy.run('acme', store)).toMatchObject({ state: 'failed' });
    expect(await app.tenancy.run('globex', store)).toBeUndefined();
    await app.tenancy.run('acme', async (_tenant, scope) => {
      await scope.make(QueueRegistry).store('sqlite').retry({});
    });
    await work(mode);
    expect(runs).toEqual(['acme: bad', 'acme: bad']);
  });

  test('the types of tables are the same', async () => {
    expect(await app.tableTypes()).toContain(
      '    notes: {\n      id: Generated<number>;\n      text: string;\n    };\n',
    );
    expect(await app.tableTypes()).not.toContain('notes_all');
  });
});
