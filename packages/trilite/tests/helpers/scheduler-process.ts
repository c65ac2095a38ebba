import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const DIST = JSON.stringify(join(__dirname, '../../dist/index.js'));

/** The program of a process that runs what is due at each time it is sent, and answers with it. */
export const SCHEDULER_STEPS = `
  const { clock, createApplication } = require(${DIST});
  void (async () => {
    const app = await createApplication({ basePath: __dirname });
    let work = Promise.resolve();
    process.on('message', (time) => {
      work = work.then(async () => {
        clock.travelTo(time);
        await app.scheduler((event) => {
          if (event.kind === 'error') process.send(event.error.message);
        }).runDue();
        process.send(time);
      });
    });
    process.send('ready');
  })();`;

/** A process of a project, whose file steps.js holds `SCHEDULER_STEPS`. It is to be killed at the end. */
export class SchedulerProcess {
  readonly #process: ChildProcess;
  readonly #words = new Set<unknown>();
  #onNews: () => void = () => undefined;

  constructor(path: string) {
    this.#process = fork(join(path, 'steps.js'), {
      cwd: path,
      execArgv: [],
      env: { ...process.env, APP_ENV: 'testing', IN_CHILD: '1' },
    });
    this.#process.on('message', (word) => {
      this.#words.add(word);
      this.#onNews();
    });
  }

  run(time: number): void {
    this.#process.send(time);
  }

  async said(word: unknown): Promise<void> {
    while (!this.#words.has(word)) {
      if (this.#process.exitCode !== null) throw new Error('The process has ended.');
      await new Promise<void>((resolve) => (this.#onNews = resolve));
    }
  }

  async kill(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}
