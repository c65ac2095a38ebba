import type { Application } from '../../src/application';
import { CacheRepository } from '../../src/cache/cache-repository';
import { Database } from '../../src/database/database';
import type { DatabaseTransaction } from '../../src/database/database-transaction';
import { QueueDispatcher } from '../../src/queue/queue-dispatcher';
import type { TestProject } from '../helpers/project';
import { createProjectInMode, notesIn, openTenantApplication, writeNote } from '../helpers/tenants';

// A transaction that is open while the work goes over to another tenant, in the same async context.

class Say {
  static readonly jobName = 'Say';

  handle(_text: string): void {}
}

let project: TestProject;
let app: Application;

const database = () => app.make(Database);

const asGlobex = <T>(work: () => T | Promise<T>): Promise<T> =>
  app.tenancy.run('globex', work, { allowSwitch: true });

/** Begins a transaction of the tenant "acme", which is rolled back in the end, and has work done for "globex" inside of it. */
async function inTransactionOfAcme<T>(work: (trx: DatabaseTransaction) => Promise<T>): Promise<T> {
  let result: T | undefined;
  const end = new Error('Rolled back');
  const transaction = app.tenancy.run('acme', () =>
    database().transaction(async (trx) => {
      result = await asGlobex(() => work(trx));
      throw end;
    }),
  );
  await transaction.catch((error: unknown) => {
    if (error !== end) throw error;
  });
  return result as T;
}

const misuse = { code: 'E_TRANSACTION_MISUSE' };

describe.each(['files', 'single'] as const)('in mode "%s"', (mode) => {
  beforeEach(async () => {
    project = createProjectInMode(mode);
    app = await openTenantApplication(project, { jobs: [Say] });
    for (const id of ['acme', 'globex']) await app.tenancy.create(id);
  });

  afterEach(async () => {
    await app.close();
    project.remove();
  });

  const uses: [string, (trx: DatabaseTransaction) => Promise<unknown>][] = [
    [
      'reads nothing',
      (trx) =>
        trx
          .selectFrom('notes' as never)
          .selectAll()
          .execute(),
    ],
    [
      'writes nothing',
      (trx) =>
        trx
          .insertInto('notes' as never)
          .values({ text: 'x' })
          .execute(),
    ],
    [
      'streams nothing',
      (trx) =>
        trx
          .selectFrom('notes' as never)
          .selectAll()
          .stream()
          .next(),
    ],
    ['nests nothing', (trx) => trx.transaction(() => Promise.resolve())],
  ];

  test.each(uses)('the "trx" of one tenant %s in the work of another', async (_what, use) => {
    await expect(inTransactionOfAcme(use)).rejects.toMatchObject(misuse);
    expect(await app.tenancy.run('acme', () => notesIn(app))).toEqual([]);
    expect(await app.tenancy.run('globex', () => notesIn(app))).toEqual([]);
  });

  test('a job that is dispatched for another tenant is not lost with the transaction', async () => {
    const dispatch = (options = {}) => app.make(QueueDispatcher).dispatch(Say, 'hello', options);
    await expect(inTransactionOfAcme(() => dispatch())).rejects.toMatchObject(misuse);
    const central = () => app.tenancy.central(() => dispatch());
    await expect(inTransactionOfAcme(central)).rejects.toMatchObject(misuse);
    const { id } = await inTransactionOfAcme(() => dispatch({ within: false }));
    const found = await app.tenancy.run('globex', () => app.make(QueueDispatcher).find(id));
    expect(found).toMatchObject({ state: 'waiting' });
  });

  test('what another tenant reads is what is committed', async () => {
    await app.tenancy.run('globex', () => writeNote(app, 'kept'));
    expect(await inTransactionOfAcme(() => notesIn(app))).toEqual(['kept']);
  });

  test('a query builder that holds a connection is of its tenant alone', async () => {
    const kept = app.tenancy.run('acme', () =>
      database()
        .connection()
        .execute((held) =>
          asGlobex(() =>
            held
              .selectFrom('notes' as never)
              .selectAll()
              .execute(),
          ),
        ),
    );
    await expect(kept).rejects.toMatchObject({ code: 'E_TENANT_WRONG' });
  });
});

describe('where tenants share the file of the transaction', () => {
  beforeEach(async () => {
    project = createProjectInMode('single');
    app = await openTenantApplication(project, { jobs: [Say] });
    for (const id of ['acme', 'globex']) await app.tenancy.create(id);
  });

  afterEach(async () => {
    await app.close();
    project.remove();
  });

  const writes: [string, () => Promise<unknown>][] = [
    ['a write', () => writeNote(app, 'x')],
    ['a transaction', () => database().transaction(() => Promise.resolve())],
    ['what is to happen after the commit', () => database().afterCommit(() => undefined)],
  ];

  test.each(writes)('%s of another tenant is refused, not lost with it', async (_what, write) => {
    await expect(inTransactionOfAcme(write)).rejects.toMatchObject(misuse);
  });

  test('an entry of a cache is not lost with it either', async () => {
    const put = () => app.make(CacheRepository).put('key', 'value');
    const transaction = app.tenancy.run('acme', () =>
      database()
        .connection('cache')
        .transaction(() => asGlobex(put)),
    );
    await expect(transaction).rejects.toMatchObject(misuse);
  });
});
