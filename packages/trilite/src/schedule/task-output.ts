import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { under } from '../config/project';
import { toError } from '../support/errors';
import type { TaskOutput } from './task';

/** Characters of a run's output that hooks and records see: its end. */
const TAIL_LENGTH = 10_000;

/** Takes what a run prints: into its file, when it has one, and the end of it for whoever asks afterwards. */
export class OutputSink {
  #file: number | undefined;
  #tail = '';
  #error: Error | undefined;

  /** Opens the file, and makes its folder. */
  constructor(output: TaskOutput | undefined, basePath: string) {
    if (output === undefined) return;
    const path = under(basePath, [output.file]);
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, output.append ? 'a' : 'w');
  }

  readonly write = (text: string): void => {
    this.#tail = (this.#tail + text).slice(-TAIL_LENGTH);
    try {
      if (this.#file !== undefined) writeSync(this.#file, text);
    } catch (error) {
      // The pipe of a program calls this: thrown there, it would end the process, and with it every other task
      this.#error ??= toError(error);
    }
  };

  /** Why the file lacks something, as on a full disk. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** The end of what was printed. */
  get tail(): string {
    return this.#tail;
  }

  /** The last line that says something. */
  get lastLine(): string {
    const lines = this.#tail.split('\n').map((line) => line.trim());
    return lines.filter((line) => line !== '').at(-1) ?? '';
  }

  /** Closes the file; what work that was given up prints later is lost. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
