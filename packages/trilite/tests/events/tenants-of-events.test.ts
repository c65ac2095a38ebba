import { Database, injectable, type Application, type Listener, type ListensTo } from 'trilite';
import { errorWith } from '../helpers/errors';
import type { TestProject } from '../helpers/project';
import { createProjectInMode, notesIn, openTenantApplication } from '../helpers/tenants';

/* For whom a listener is made, and whose its job is. */

class OrderPlaced {
  constructor(readonly text: string) {}
}

@injectable()
class NoteOrder implements Listener<OrderPlaced> {
  static readonly listensTo: ListensTo<NoteOrder> = OrderPlaced;

  constructor(private readonly db: Database) {}

  async handle({ text }: OrderPlaced): Promise<void> {
    await this.db
      .insertInto('notes' as never)
      .values({ text })
      .execute();
  }
}

@injectable()
class NoteOrderLater extends NoteOrder {
  static readonly queue = true;
}

@injectable()
class NoteOrderAfterwards extends NoteOrder {
  static readonly afterCommit = true;
}

let project: TestProject;
let app: Application;

const WORK = {
  ...{ concurrency: 1, tries: 1, timeoutMs: 0, backoff: 0, sleepMs: 10, shutdownMs: 1000 },
  ...{ isWatched: false, stopWhenEmpty: true },
};

async function start(mode: 'files' | 'single'): Promise<void> {
  project = createProjectInMode(mode);
  app = await openTenantApplication(project);
  await app.tenancy.create('acme');
  await app.tenancy.create('globex');
}

afterEach(async () => {
  await app.close();
  project.remove();
});

const place = (id: string, text: string): Promise<void> =>
  app.tenancy.run(id, () => app.events.dispatch(new OrderPlaced(text)));

const notesOf = (id: string): Promise<string[]> => app.tenancy.run(id, () => notesIn(app));

describe.each(['files', 'single'] as const)('with tenants in the mode "%s"', (mode) => {
  beforeEach(() => start(mode));

  test('a listener works on what belongs to the tenant whose work the event is dispatched in', async () => {
    app.events.subscribe(NoteOrder);
    await Promise.all([place('acme', 'a'), place('globex', 'g')]);
    expect(await notesOf('acme')).toEqual(['a']);
    expect(await notesOf('globex')).toEqual(['g']);
  });

  test('a queued one is a job of that tenant', async () => {
    app.events.subscribe(NoteOrderLater);
    await place('acme', 'a');
    expect(await notesOf('acme')).toEqual([]);
    if (mode === 'files') await app.tenantWorker(WORK).run();
    else await app.queues.worker('sqlite', { ...WORK, queues: ['default'], once: false }).run();
    expect(await notesOf('acme')).toEqual(['a']);
    expect(await notesOf('globex')).toEqual([]);
  });

  test('one with afterCommit works for the tenant whose transaction it was', async () => {
    app.events.subscribe(NoteOrderAfterwards);
    await app.tenancy.run('acme', () =>
      app.database().transaction(async () => {
        await app.events.dispatch(new OrderPlaced('a'));
        expect(await notesIn(app)).toEqual([]);
      }),
    );
    expect(await notesOf('acme')).toEqual(['a']);
  });

  test('one with afterCommit is refused in the transaction of somebody else', async () => {
    app.events.subscribe(NoteOrderAfterwards);
    const placed = app.tenancy.central(() => app.database().transaction(() => place('acme', 'a')));
    await expect(placed).rejects.toThrow(errorWith('E_TRANSACTION_MISUSE'));
    expect(await notesOf('acme')).toEqual([]);
  });
});

describe('a function', () => {
  beforeEach(() => start('files'));

  test('that listens in the work of a tenant does not hear of the others', async () => {
    const heard: string[] = [];
    const listen = (): (() => void) =>
      app.events.listen(OrderPlaced, ({ text }) => heard.push(text));
    const stop = await app.tenancy.run('acme', () => ({ end: listen() }));
    await place('globex', 'g');
    await app.events.dispatch(new OrderPlaced('nobody'));
    expect(heard).toEqual([]);
    await place('acme', 'a');
    expect(heard).toEqual(['a']);
    stop.end();
  });

  test('that listens in the work of nobody, or of the application, hears of all', async () => {
    const heard: string[] = [];
    await app.tenancy.central(() => {
      app.events.listen(OrderPlaced, ({ text }) => heard.push(text));
    });
    await place('globex', 'g');
    await place('acme', 'a');
    await app.events.dispatch(new OrderPlaced('nobody'));
    expect(heard).toEqual(['g', 'a', 'nobody']);
  });
});

describe('in the work of nobody', () => {
  beforeEach(() => start('files'));

  test('a listener may use nothing that belongs to somebody', async () => {
    app.events.subscribe(NoteOrder);
    await expect(app.events.dispatch(new OrderPlaced('nobody'))).rejects.toThrow(
      errorWith('E_TENANT_CONTEXT_MISSING'),
    );
  });

  test('a queued one is refused: nobody knows whose job it would be', async () => {
    app.events.subscribe(NoteOrderLater);
    await expect(app.events.dispatch(new OrderPlaced('nobody'))).rejects.toThrow(
      errorWith('E_TENANT_CONTEXT_MISSING'),
    );
  });
});
