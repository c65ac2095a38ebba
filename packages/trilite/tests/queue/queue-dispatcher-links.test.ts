import { join } from 'node:path';
import { job, type JobContext } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { errorWith } from '../helpers/errors';
import { jobOf } from '../helpers/jobs';

/* Chains and batches as an application has them, run by a worker. */

let app: TestApplication;
let ran: unknown[];
let inside: (payload: unknown, context: JobContext) => Promise<void> | void;

const Note = jobOf((payload, { cause }) => void ran.push(cause?.job ?? payload), { name: 'Note' });
const Inside = jobOf((payload, context) => inside(payload, context), { name: 'Inside' });
const Fails = jobOf(
  () => {
    throw new Error('It broke');
  },
  { name: 'Fails' },
);

beforeEach(async () => {
  ran = [];
  app = await createTestApplication({
    basePath: join(__dirname, '../fixtures/crash-app'),
    jobs: [Note, Inside, Fails],
  });
});

afterEach(() => app.close());

describe('a chain', () => {
  test('runs one job after the other, and is waited for to its end', async () => {
    const chain = await app.queue().chain([job(Note, 1), job(Note, 2), job(Note, 3)]);
    expect(await chain.jobs[2]?.status()).toBeUndefined();
    const waited = chain.wait();
    await app.runJobs();
    expect(await waited).toMatchObject({ id: chain.jobs[2]?.id, state: 'done' });
    expect(ran).toEqual([1, 2, 3]);
  });

  test('ends with a job that fails, is answered, and who waits is told', async () => {
    const jobs = [job(Note, 1), job(Fails, 2), job(Note, 3)];
    const chain = await app.queue().chain(jobs, { catch: job(Note, 'catch') });
    const waited = chain.wait();
    waited.catch(() => undefined);
    await app.runJobs();
    await expect(waited).rejects.toThrow(errorWith('E_JOB_ENDED_BADLY', 'It broke'));
    expect(ran).toEqual([1, 'Fails']);
  });
});

describe('a batch', () => {
  test('counts its jobs, and is followed', async () => {
    const batch = await app.queue().batch([job(Note, 1), job(Note, 2)], {
      name: 'import',
      then: job(Note, 'then'),
    });
    expect(await batch.status()).toMatchObject({ name: 'import', total: 2, pending: 2 });
    await app.runJobs();
    expect(await batch.status()).toMatchObject({ done: 2, progress: 100 });
    expect(ran).toEqual([1, 2, 'then']);
  });

  test('takes jobs from inside one of its own', async () => {
    inside = async (_, { batch }) => {
      await batch?.add([job(Note, 'added')]);
    };
    const batch = await app.queue().batch([job(Inside, 1)], { then: job(Note, 'then') });
    await app.runJobs();
    expect(ran).toEqual(['added', 'then']);
    expect(await batch.status()).toMatchObject({ total: 2, done: 2 });
  });

  test('takes none after its end, nor one whose payload is refused', async () => {
    const batch = await app.queue().batch([job(Note, 1)]);
    await expect(batch.add([job(Note, Symbol('no'))])).rejects.toThrow(
      errorWith('E_VALUE_NOT_SERIALIZABLE'),
    );
    await app.runJobs();
    await expect(batch.add([job(Note, 2)])).rejects.toThrow(errorWith('E_BATCH_ENDED', batch.id));
    await expect(
      app
        .queue()
        .batchOf('nobody')
        .add([job(Note, 2)]),
    ).rejects.toThrow(errorWith('E_BATCH_ENDED', '"nobody"'));
  });

  test('that is cancelled runs no job that waits', async () => {
    inside = async (_, { batch }) => {
      expect(await batch?.cancel()).toBe(true);
      ran.push('inside');
    };
    const jobs = [job(Inside, 1), job(Note, 2), job(Note, 3)];
    const batch = await app.queue().batch(jobs, { finally: job(Note, 'finally') });
    await app.runJobs();
    expect(ran).toEqual(['inside', 'finally']);
    expect(await batch.status()).toMatchObject({ done: 1, cancelled: 2, pending: 0 });
    expect(await batch.cancel()).toBe(false);
  });

  test('is cancelled by a failure, unless failures are allowed', async () => {
    const jobs = [job(Fails, 1), job(Note, 2)];
    await app.queue().batch(jobs, { catch: job(Note, 'catch'), finally: job(Note, 'finally') });
    await app.runJobs();
    expect(ran).toEqual(['Fails', 'finally']);
    await app.queue().batch(jobs, { allowFailures: true });
    await app.runJobs();
    expect(ran).toEqual(['Fails', 'finally', 2]);
  });
});

test('many in bulk are one commit, each with a handle of its own', async () => {
  const handles = await app.queue().bulk([job(Note, 1), job(Note, 2, { queue: 'mail' })]);
  expect(handles.map(({ queue }) => queue)).toEqual(['default', 'mail']);
  await app.runJobs({ queues: ['default', 'mail'] });
  const states = await Promise.all(handles.map(async (one) => (await one.status())?.state));
  expect(states).toEqual(['done', 'done']);
});
