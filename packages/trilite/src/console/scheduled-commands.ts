import { basename, join } from 'node:path';
import type { TenantWork } from '../schedule/task-runner';
import { sourceFile } from '../support/file-discovery';
import type { ConsoleApplication } from './console-application';
import type { ConsoleKernel } from './console-kernel';
import { tenantView } from './tenant-view';

/** What running commands for a schedule takes. */
export interface ScheduledCommandsParts {
  /** The folder of artisan.ts. */
  readonly codePath: string;
  /** The application they run in; it stays open. */
  readonly app: ConsoleApplication;
}

/** A program and its words, to be run in the application's folder. */
interface CommandProgram {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly cwd: string;
}

/** Runs commands of the console for a schedule: within this process, or by a program of their own. */
export class ScheduledCommands {
  readonly #parts: ScheduledCommandsParts;

  constructor(parts: ScheduledCommandsParts) {
    this.#parts = parts;
  }

  /** Everything the console can run. */
  get names(): readonly string[] {
    return [...this.#kernel(() => undefined).commands.keys()];
  }

  /** Runs a command line in this process and application, with nobody to ask. @returns the exit code */
  run(argv: readonly string[], print: (text: string) => void, whose?: TenantWork): Promise<number> {
    return this.#kernel(print, whose).run(argv);
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

  #kernel(print: (text: string) => void, whose?: TenantWork): ConsoleKernel {
    // The application knows the console by name alone until its schedule needs it
    const { ConsoleKernel } = require('./console-kernel') as typeof import('./console-kernel');
    const { app } = this.#parts;
    const stream = { write: print };
    return new ConsoleKernel({
      codePath: this.#parts.codePath,
      boot: async () => (whose ? tenantView(app, whose.tenant, whose.scope) : app),
      ...(whose && { enter: (work) => whose.scope.run(work) }),
      useEnvironment: () => undefined,
      stdout: stream,
      stderr: stream,
      keepsOpen: true,
    });
  }
}
