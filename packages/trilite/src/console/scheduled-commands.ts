import { basename, join } from 'node:path';
import type { CommandRun } from '../schedule/task-runner';
import { sourceFile } from '../support/file-discovery';
import { embeddedKernel, type EmbeddingParts } from './embedded-kernel';

/** A program and its words, to be run in the application's folder. */
interface CommandProgram {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly cwd: string;
}

/** Runs commands of the console for a schedule: within this process, or by a program of their own. */
export class ScheduledCommands {
  readonly #parts: EmbeddingParts;

  constructor(parts: EmbeddingParts) {
    this.#parts = parts;
  }

  /** Everything the console can run. */
  get names(): readonly string[] {
    return [...embeddedKernel(this.#parts, { print: () => undefined }).commands.keys()];
  }

  /** Runs a command line in this process and application, with nobody to ask. @returns the exit code */
  run(argv: readonly string[], run: CommandRun): Promise<number> {
    return embeddedKernel(this.#parts, run).run(argv);
  }

  /** The program that runs a command line: what this process was started by, else the application's artisan. */
  program(argv: readonly string[]): CommandProgram {
    const words = [...this.#entry(), '--no-interaction', ...argv];
    return { command: process.execPath, parameters: words, cwd: this.#parts.app.basePath };
  }

  #entry(): readonly string[] {
    const [, started = ''] = process.argv;
    if (/^artisan(\.[jt]s)?$/.test(basename(started))) return [...process.execArgv, started];
    const file = sourceFile(this.#parts.codePath, 'artisan')?.path;
    const entry = file ?? join(this.#parts.codePath, 'artisan.js');
    return entry.endsWith('.ts') ? ['-r', 'ts-node/register', entry] : [entry];
  }
}
