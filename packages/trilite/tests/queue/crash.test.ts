import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { JobHandle } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { compileApp, type CompiledApp } from '../crash/compiled-app';
import { NoteRun } from '../fixtures/crash-app/app/jobs/note-run';
import { WaitForWord } from '../fixtures/crash-app/app/jobs/wait-for-word';

/*
 * Real processes of the built framework (dist/, which "npm test" makes first) on one queue file, some of them killed.
 */

const basePath = join(__dirname, '../fixtures/crash-app');
const PATIENCE_MS = 30_000;

jest.setTimeout(PATIENCE_MS);

let compiled: CompiledApp;
let app: TestApplication;
let processes: TestProcess[];

beforeAll(() => {
  compiled = compileApp(basePath);
});

afterAll(() => compiled.remove());

beforeEach(async () => {
  app = await createTestApplication({ basePath });
  processes = [];
});

afterEach(async () => {
  await Promise.all(processes.map((one) => one.kill('SIGKILL')));
  await app.close();
});

/** A process of the fixture. Its lines are what a worker tells with --json. */
class TestProcess {
  readonly ended: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #lines: Record<string, unknown>[] = [];
  readonly #words = new Set<unknown>();
  #onNews: () => void = () => undefined;
  #errors = '';
  #hasEnded = false;

  constructor(file: string, parameters: readonly string[]) {
    this.#child = fork(join(compiled.path, file), parameters, {
      cwd: compiled.path,
      execArgv: [],
      env: { ...process.env, STORAGE_PATH: app.storagePath },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.ended = once(this.#child, 'close');
    this.#read(this.#child);
    processes.push(this);
  }

  /** Waits for a line that is all of this. */
  told(expected: Record<string, unknown>): Promise<void> {
    return this.#until(() =>
      this.#lines.some((line) =>
        Object.entries(expected).every(([name, value]) => line[name] === value),
      ),
    );
  }

  /** Waits until the process has sent that it is as far as the test wants it. */
  reached(word: string): Promise<void> {
    return this.#until(() => this.#words.has(word));
  }

  tell(): void {
    this.#child.send('go on');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.signal(signal);
    await this.ended;
  }

  /** Waits for the end; there must have been no error. */
  async endsWell(): Promise<void> {
    await this.ended;
    expect({ code: this.#child.exitCode, errors: this.#errors }).toEqual({ code: 0, errors: '' });
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      if (this.#hasEnded) throw new Error(`The process has ended. ${this.#errors}`);
      await new Promise<void>((resolve) => (this.#onNews = resolve));
    }
  }

  #read(child: ChildProcess): void {
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) throw new Error('Expected pipes.');
    createInterface({ input: stdout }).on('line', (text) => {
      this.#lines.push(JSON.parse(text) as Record<string, unknown>);
      this.#onNews();
    });
    stderr.on('data', (text) => (this.#errors += String(text)));
    child.on('message', (word) => {
      this.#words.add(word);
      this.#onNews();
    });
    child.on('close', () => {
      this.#hasEnded = true;
      this.#onNews();
    });
  }
}

function work(...options: string[]): TestProcess {
  return new TestProcess('artisan.js', ['queue:work', '--json', ...options]);
}

function runs(): string[] {
  const file = join(app.storagePath, 'runs.txt');
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

function sql(text: string, ...values: unknown[]): Promise<unknown> {
  return app.connections
    .connection('queue')
    .write((handle) => handle.statement(text).run(...values));
}

/** Starts a worker and kills it in the middle of a job. */
async function killInTheMiddle(): Promise<JobHandle> {
  const job = await app.queue().dispatch(WaitForWord, 'job');
  const worker = work();
  await worker.reached('begun');
  await worker.kill('SIGKILL');
  expect(await job.status()).toMatchObject({ state: 'running', attempts: 1 });
  return job;
}

async function runToItsEnd(worker: TestProcess, id: string): Promise<void> {
  await worker.reached('begun');
  worker.tell();
  await worker.told({ kind: 'done', id });
  worker.signal('SIGTERM');
  await worker.endsWell();
  expect(runs()).toEqual(['job begins, attempt 1', 'job begins, attempt 2', 'job ends']);
}

test('the job of a killed worker runs again at once on the next one, and is done', async () => {
  const { id, status } = await killInTheMiddle();
  const next = work();
  await next.told({ kind: 'recovered', id, outcome: 'released' });
  await runToItsEnd(next, id);
  expect(await status()).toMatchObject({ state: 'done', attempts: 2 });
});

test('the job of a killed worker that nobody can judge runs again when its lease has ended', async () => {
  const { id, status } = await killInTheMiddle();
  await sql(
    "update jobs set owner = 'another-boot' || substr(owner, instr(owner, '/')) where id = ?",
    id,
  );
  await work('--stop-when-empty').endsWell();
  expect(await status()).toMatchObject({ state: 'running', attempts: 1 });
  await sql('update jobs set lease_until = 1 where id = ?', id);
  const next = work();
  await next.told({ kind: 'recovered', id, outcome: 'released' });
  await runToItsEnd(next, id);
  expect(await status()).toMatchObject({ state: 'done', attempts: 2 });
});

test('SIGTERM lets the running job finish, begins no other, and ends the process well', async () => {
  const first = await app.queue().dispatch(WaitForWord, 'first');
  const second = await app.queue().dispatch(WaitForWord, 'second');
  const worker = work();
  await worker.reached('begun');
  worker.signal('SIGTERM');
  await worker.reached('asked to stop');
  worker.tell();
  await worker.told({ kind: 'done', id: first.id });
  await worker.endsWell();
  expect(runs()).toEqual(['first begins, attempt 1', 'first ends']);
  expect(await first.status()).toMatchObject({ state: 'done' });
  expect(await second.status()).toMatchObject({ state: 'waiting', attempts: 0 });
});

test('two workers run each of 200 jobs exactly once', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `job ${index}`);
  await Promise.all(names.map((name) => app.queue().dispatch(NoteRun, name)));
  const workers = [1, 2].map(() => work('--stop-when-empty', '--concurrency=5'));
  await Promise.all(workers.map((worker) => worker.endsWell()));
  expect(runs().sort()).toEqual([...names].sort());
});

test('four processes that dispatch 250 jobs each at once lose none', async () => {
  const dispatchers = Array.from({ length: 4 }, () => new TestProcess('dispatch.js', []));
  await Promise.all(dispatchers.map((one) => one.reached('ready')));
  for (const one of dispatchers) one.tell();
  await Promise.all(dispatchers.map((one) => one.endsWell()));
  const count = app.connections
    .connection('queue')
    .read((handle) => handle.statement('select count(distinct payload) from jobs').pluck().get());
  expect(await count).toBe(1000);
});
