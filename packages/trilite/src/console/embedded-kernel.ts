import type { TenantWork } from '../schedule/task-runner';
import type { ConsoleApplication } from './console-application';
import type { ConsoleKernel, ConsoleKernelParts } from './console-kernel';
import { tenantView } from './tenant-view';

/** The application that runs commands by itself, whoever started it. */
export interface EmbeddingParts {
  /** The folder of artisan.ts. */
  readonly codePath: string;
  /** The application they run in; it stays open. */
  readonly app: ConsoleApplication;
}

/** How commands are run in an application. */
export interface EmbeddedOptions extends Pick<ConsoleKernelParts, 'asker' | 'interactive'> {
  /** Takes what they say, errors included. */
  readonly print: (text: string) => void;
  /** The work of a tenant that they are run in. Default: that of the application itself. */
  readonly whose?: TenantWork | undefined;
  /** Aborted when they are to stop; signals to the process are the application's to hear. Default: never. */
  readonly signal?: AbortSignal | undefined;
}

/** A console within an application: that exists already, stays open, and hears of signals itself. */
export function embeddedKernel(
  { codePath, app }: EmbeddingParts,
  { print, whose, signal, ...options }: EmbeddedOptions,
): ConsoleKernel {
  // The application knows the console by name alone until it runs a command
  const { ConsoleKernel } = require('./console-kernel') as typeof import('./console-kernel');
  const stream = { write: print };
  return new ConsoleKernel({
    ...options,
    codePath,
    boot: async () => (whose ? tenantView(app, whose.tenant, whose.scope) : app),
    ...(whose && { enter: (work) => whose.scope.run(work) }),
    useEnvironment: () => undefined,
    stdout: stream,
    stderr: stream,
    keepsOpen: true,
    stopSignal: signal ?? new AbortController().signal,
  });
}
