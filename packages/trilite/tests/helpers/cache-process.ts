import type { ChildProcess } from 'node:child_process';
import { ended, message, type TestFiles } from './files';

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
}

let lastId = 0;

/** A process of the built framework (dist/, which "npm test" makes first) on one cache file after another. */
export class CacheProcess {
  readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
    child.setMaxListeners(0);
  }

  /** Starts processes, which end with `files` at the latest, and resolves when all are ready. */
  static async start(files: TestFiles, count: number): Promise<CacheProcess[]> {
    const children = Array.from({ length: count }, () => files.start('caches.js'));
    await Promise.all(children.map(message));
    return children.map((child) => new CacheProcess(child));
  }

  /** Opens the cache file of a folder. */
  async open(files: TestFiles): Promise<void> {
    await this.run('open', files.at('cache.sqlite'), files.at('journal'));
  }

  async close(): Promise<void> {
    await this.run('close');
  }

  /** Has it do something; rejects when that fails, or when it dies of it. */
  run(work: string, ...parameters: readonly unknown[]): Promise<unknown> {
    const id = (lastId += 1);
    return new Promise((resolve, reject) => {
      this.child.on('message', (answer: Answer) => {
        if (answer.id !== id) return;
        if (answer.error === undefined) resolve(answer.result);
        else reject(new Error(answer.error));
      });
      this.child.once('exit', (code, signal) => reject(new Error(`It died (${signal ?? code}).`)));
      this.child.send({ id, work, parameters });
    });
  }

  /** Waits for its end, which comes when its file is closed. */
  async end(): Promise<number | null> {
    this.child.disconnect();
    await ended(this.child);
    return this.child.exitCode;
  }
}
