import type { CommandClass } from './command';

/** What app/console/kernel.ts declares. */
export interface ConsoleKernelOptions {
  /** Commands beside those of app/console/commands, such as a package's. Default: none. */
  readonly commands?: readonly CommandClass[];
}

/** Declares the console of an application. */
export const defineConsoleKernel = (options: ConsoleKernelOptions): ConsoleKernelOptions => options;
