import type { ChildProcess } from 'node:child_process';
import { ended, message, type TestFiles } from './files';

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
}

let lastId = 0;

/** A process of the built framework (dist/, which "npm test" makes first) on a cache file. */
export class CacheProcess {
  readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
    child.setMaxListeners(0);
  }

  /** Starts processes, and resolves when all are ready. */
  static async start(files: TestFiles, count: number): Promise<CacheProcess[]> {
    const parameters = [files.at('cache.sqlite'), files.at('journal')] as const;
    const children = Array.from({ length: count }, () => files.start('caches.js', ...parameters));
    await Promise.all(children.map(message));
    return children.map((child) => new CacheProcess(child));
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

  /** Closes its file, and waits for its end. */
  async end(): Promise<number | null> {
    await this.run('end');
    this.child.disconnect();
    await ended(this.child);
    return this.child.exitCode;
  }
}
