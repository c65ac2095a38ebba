import { Database, sql, type DatabaseTransaction, type JobHandle } from 'trilite';
import { createTestApplication, travelBack, type TestApplication } from 'trilite/testing';
import { jobOf } from './jobs';
import { createProject, exportDefault, type TestProject } from './project';

/** The payloads of the jobs that ran. */
export let ran: unknown[];
export const Note = jobOf((payload) => void ran.push(payload), { name: 'Note' });
export const Single = jobOf((payload) => void ran.push(payload), {
  name: 'Single',
  options: { unique: true },
});
export const Fails = jobOf(
  () => {
    throw new Error('It broke');
  },
  { name: 'Fails' },
);

const QUEUES = exportDefault(`{
  default: 'sqlite',
  connections: {
    sqlite: { driver: 'sqlite', connection: 'queue' },
    beside: { driver: 'sqlite', connection: 'default' },
    memory: { driver: 'memory' },
    sync: { driver: 'sync' },
    null: { driver: 'null' },
  },
}`);

let project: TestProject;
export let app: TestApplication;
export let db: Database;

/** Gives every test of a file an application with its data in one file and its queue in another, and queues of every other kind. */
export function useOutbox(): void {
  beforeEach(async () => {
    ran = [];
    project = createProject({ 'config/queue.js': QUEUES });
    app = await createTestApplication({
      basePath: project.path,
      jobs: [Note, Single, Fails],
      env: { LOG_LEVEL: 'silent' },
    });
    db = app.make(Database);
    await sql`create table notes (text text not null)`.execute(db);
  });

  afterEach(async () => {
    travelBack();
    await app.close();
    project.remove();
  });
}

export function dispatch(payload: unknown, options = {}): Promise<JobHandle> {
  return app.queue().dispatch(Note, payload, options);
}

export async function write(trx: DatabaseTransaction, text: string): Promise<void> {
  await sql`insert into notes (text) values (${text})`.execute(trx);
}

export async function notes(): Promise<string[]> {
  const { rows } = await sql<{ text: string }>`select text from notes order by rowid`.execute(db);
  return rows.map(({ text }) => text);
}

/** How many dispatches lie in the outbox, relayed or not. */
export async function rowsInOutbox(): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from outbox`.execute(db);
  return rows[0]?.count ?? NaN;
}

/** Has every relay fail until it is called. */
export function holdRelays(): () => Promise<unknown> {
  const held = jest.spyOn(app.queues.store(), 'relay').mockRejectedValue(new Error('held'));
  return async () => {
    held.mockRestore();
    await app.queues.outbox.flush();
    return app.queues.outbox.relay();
  };
}

/** What ran of all that is stored, once what is committed is relayed. */
export async function runAll(): Promise<unknown[]> {
  await app.queues.outbox.flush();
  await app.runJobs();
  return ran;
}

/** What rolls a transaction back. */
export class Undone extends Error {}

/** Runs work in a transaction that is rolled back. */
export async function rolledBack(
  work: (trx: DatabaseTransaction) => Promise<unknown>,
  on = db,
): Promise<void> {
  const undone = on.transaction(async (trx) => {
    await work(trx);
    throw new Undone();
  });
  await expect(undone).rejects.toThrow(Undone);
}
