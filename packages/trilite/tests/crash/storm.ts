import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { compileApp, type CompiledApp } from './compiled-app';
import { verify, type Findings } from './storm-findings';

/*
 * Workers and dispatchers of real processes on real files, some of which is killed every few hundred milliseconds, until so many orders are
 * committed; then everybody is left in peace, and what should have happened is compared with what did.
 */

/** How hard it storms. */
export interface StormOptions {
  /** Orders that are to be committed, each with a job or a chain of two. */
  readonly orders: number;
  readonly workers: number;
  readonly dispatchers: number;
  /** Milliseconds between two kills. */
  readonly killEveryMs: number;
}

/** What came of it. */
export interface StormReport extends Findings {
  readonly workersKilled: number;
  readonly dispatchersKilled: number;
  readonly storms: number;
  /** What processes said on standard error, but for the kills. */
  readonly complaints: string;
}

/** Blows one storm. Timers are what it is made of: nothing waits for a time that something would be ready at. */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const app = compileApp(join(__dirname, '../fixtures/storm-app'));
  const storm = new Storm(app, options);
  try {
    return await storm.run();
  } finally {
    await storm.end();
    app.remove();
  }
}

/** What dispatchers have committed, and what jobs have done. */
interface Done {
  readonly orders: number;
  readonly effects: number;
}

class Storm {
  readonly #app: CompiledApp;
  readonly #options: StormOptions;
  readonly #workers: (ChildProcess | undefined)[] = [];
  readonly #dispatchers: (ChildProcess | undefined)[] = [];
  /** How far each kind was at its last hit: none is hit before it has gone on, or nobody would on a machine as slow as the kills are quick. */
  readonly #hitAt = { orders: -1, effects: -1 };
  #turn = 0;
  #workersKilled = 0;
  #dispatchersKilled = 0;
  #storms = 0;
  #complaints = '';

  constructor(app: CompiledApp, options: StormOptions) {
    this.#app = app;
    this.#options = options;
  }

  async run(): Promise<StormReport> {
    this.#runToItsEnd('migrate', '--quiet');
    for (let at = 0; at < this.#options.workers; at += 1) this.#startWorker(at);
    for (let at = 0; at < this.#options.dispatchers; at += 1) this.#startDispatcher(at);
    await this.#blow();
    await Promise.all(this.#dispatchers.map((one) => this.#endDispatcher(one)));
    await Promise.all(this.#workers.map((one) => this.#endBy(one, 'SIGTERM')));
    this.#runToItsEnd('queue:work', '--stop-when-empty', '--quiet', '--concurrency=5');
    return {
      ...verify(this.#app.storagePath),
      workersKilled: this.#workersKilled,
      dispatchersKilled: this.#dispatchersKilled,
      storms: this.#storms,
      complaints: this.#complaints,
    };
  }

  async end(): Promise<void> {
    const all = [...this.#workers, ...this.#dispatchers];
    await Promise.all(all.map((one) => this.#endBy(one, 'SIGKILL')));
  }

  /** Kills until there are enough orders. Looked at between two kills. */
  async #blow(): Promise<void> {
    const db = new Database(join(this.#app.storagePath, 'database.sqlite'), { readonly: true });
    const count = db.prepare(
      'select (select count(*) from orders) as orders, (select count(*) from effects) as effects',
    );
    try {
      for (;;) {
        const done = count.get() as Done;
        if (done.orders >= this.#options.orders) return;
        await this.#hit(done);
        await new Promise((resolve) => setTimeout(resolve, this.#options.killEveryMs));
      }
    } finally {
      db.close();
    }
  }

  /** Mostly a worker by SIGKILL, now and then a dispatcher, now and then a worker by many SIGTERMs at once. */
  async #hit(done: Done): Promise<void> {
    this.#turn += 1;
    const kind = this.#turn % 4 === 0 ? 'orders' : 'effects';
    if (done[kind] <= this.#hitAt[kind]) return;
    this.#hitAt[kind] = done[kind];
    await (kind === 'orders' ? this.#killDispatcher() : this.#endWorker());
  }

  async #endWorker(): Promise<void> {
    const at = Math.floor(Math.random() * this.#workers.length);
    const worker = this.#workers[at];
    if (this.#turn % 7 === 0) {
      this.#storms += 1;
      for (let times = 0; times < 5; times += 1) worker?.kill('SIGTERM');
      await this.#endBy(worker, 'SIGTERM');
    } else {
      this.#workersKilled += 1;
      await this.#endBy(worker, 'SIGKILL');
    }
    this.#startWorker(at);
  }

  async #killDispatcher(): Promise<void> {
    const at = Math.floor(Math.random() * this.#dispatchers.length);
    this.#dispatchersKilled += 1;
    await this.#endBy(this.#dispatchers[at], 'SIGKILL');
    this.#startDispatcher(at);
  }

  #startWorker(at: number): void {
    this.#workers[at] = this.#start('artisan.js', 'queue:work', '--quiet', '--concurrency=5');
  }

  #startDispatcher(at: number): void {
    this.#dispatchers[at] = this.#start('dispatch.js');
  }

  #start(...parameters: string[]): ChildProcess {
    const child = spawn(process.execPath, parameters, {
      cwd: this.#app.path,
      env: { ...process.env, STORAGE_PATH: this.#app.storagePath },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child.stderr?.on('data', (text) => (this.#complaints += String(text)));
    return child;
  }

  #runToItsEnd(...parameters: string[]): void {
    const { status, stderr } = spawnSync(process.execPath, ['artisan.js', ...parameters], {
      cwd: this.#app.path,
      env: { ...process.env, STORAGE_PATH: this.#app.storagePath },
      encoding: 'utf8',
    });
    this.#complaints += stderr;
    if (status !== 0) throw new Error(`${parameters.join(' ')} ended with ${status}: ${stderr}`);
  }

  async #endDispatcher(child: ChildProcess | undefined): Promise<void> {
    if (child === undefined || hasEnded(child)) return;
    child.send('stop');
    await once(child, 'exit');
  }

  async #endBy(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || hasEnded(child)) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
