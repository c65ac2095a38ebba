import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { precompiled } from '../lib/precompiled';

/** `artisan queue:work` of an application that `makeQueueApplication` made. What it prints goes nowhere, but for errors. */
export class ArtisanWorker {
  readonly #process: ChildProcess;
  readonly #kill = (): void => void this.#process.kill('SIGKILL');

  constructor(folder: string, options: readonly string[]) {
    this.#process = fork(join(folder, 'artisan.js'), ['queue:work', ...options], {
      execArgv: ['--require', precompiled()], // the jobs are TypeScript
      env: { ...process.env, STORAGE_PATH: folder },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    process.once('exit', this.#kill);
  }

  /** Waits for what a job tells next. */
  async told<T>(): Promise<T> {
    if (!this.#process.connected) throw new Error('The worker ended');
    const heard = new AbortController();
    const [message] = (await Promise.race([
      once(this.#process, 'message', heard),
      once(this.#process, 'exit', heard).then(([code]) => {
        throw new Error(`The worker ended with ${String(code)}`);
      }),
    ]).finally(() => heard.abort())) as [T];
    return message;
  }

  async stop(): Promise<void> {
    process.off('exit', this.#kill);
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGTERM');
    await once(this.#process, 'exit');
  }
}
