import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { precompiled } from './precompiled';

/** What a child is asked to call. */
export interface Call {
  readonly file: string;
  readonly name: string;
  readonly argument: unknown;
}

/** What it answers. */
export type Answer = { readonly value: unknown } | { readonly failure: string };

/** A process of its own, in which exported functions of a benchmark's file run. It is kept from round to round: starting is not measured. */
export class Child {
  readonly #file: string;
  readonly #process: ChildProcess;

  constructor(file: string) {
    this.#file = file;
    this.#process = fork(join(__dirname, 'child-main.ts'), {
      execArgv: ['--require', precompiled()],
      serialization: 'advanced',
    });
  }

  /** Calls an exported function of the file in the other process, one at a time. */
  async run<A, R>(work: (argument: A) => R, argument: A): Promise<Awaited<R>> {
    const call: Call = { file: this.#file, name: work.name, argument };
    const heard = new AbortController();
    this.#process.send(call);
    const [answer] = (await Promise.race([
      once(this.#process, 'message', heard),
      once(this.#process, 'exit', heard).then(() => [{ failure: 'it ended' }]),
    ]).finally(() => heard.abort())) as [Answer];
    if ('failure' in answer) throw new Error(`In another process: ${answer.failure}`);
    return answer.value as Awaited<R>;
  }

  async stop(): Promise<void> {
    if (!this.#process.connected) return;
    this.#process.disconnect();
    await once(this.#process, 'exit');
  }
}

/** Starts processes for the functions of a file, and ends them whatever happens. */
export async function withChildren<T>(
  count: number,
  file: string,
  use: (children: readonly Child[]) => Promise<T>,
): Promise<T> {
  const children = Array.from({ length: count }, () => new Child(file));
  try {
    return await use(children);
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}
