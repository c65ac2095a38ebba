import { refuseOthers } from '../tenancy/scope-guard';
import type { Scope } from '../tenancy/container';
import type { CommandInput, InputParameters } from './calls/command-input';
import type { CommandClass } from './command';
import { embeddedKernel, type EmbeddingParts } from './embedded-kernel';

/** What a command came to. */
export interface CommandResult {
  readonly exitCode: number;
  /** All it printed, without colour. */
  readonly output: string;
}

/** What calling commands takes. */
export interface ArtisanParts extends EmbeddingParts {
  /** Whose work they are. */
  readonly scope: Scope;
  /** Aborted when they are to stop. */
  readonly signal?: AbortSignal;
}

/**
 * Runs commands of the console from elsewhere: a controller, a job, a listener. With nobody to ask; in the work of a tenant on its files.
 *
 * What a command throws is thrown, as E_COMMAND_USAGE for what it does not take, and E_COMMAND_FAILED where it says that it failed; an exit code
 * that it returns is answered, whatever it is.
 *
 * @example
 * import { Artisan, injectable, type Job, type JobContext } from 'trilite';
 *
 * \@injectable()
 * export class NightlyCare implements Job {
 *   constructor(private readonly artisan: Artisan) {}
 *
 *   async handle(_payload: void, { signal }: JobContext): Promise<void> {
 *     const { exitCode, output } = await this.artisan.stoppedBy(signal).call('db:check', { options: { quick: true } });
 *     if (exitCode !== 0) throw new Error(output);
 *   }
 * }
 */
export class Artisan {
  readonly #parts: ArtisanParts;

  constructor(parts: ArtisanParts) {
    this.#parts = parts;
  }

  /** The same, whose commands see the signal as theirs: `context.signal`. */
  stoppedBy(signal: AbortSignal): Artisan {
    return new Artisan({ ...this.#parts, signal });
  }

  /** Runs a command by its class, with values of its signature, or by a line as it is typed after `artisan`. */
  call<C extends CommandClass>(command: C, ...input: InputParameters<C>): Promise<CommandResult>;
  call(line: string, input?: CommandInput): Promise<CommandResult>;
  async call(command: string | CommandClass, input: CommandInput = {}): Promise<CommandResult> {
    const { app, scope, signal } = this.#parts;
    if (app.config.tenancy.mode !== 'off') refuseOthers(scope.identity);
    const tenant = app.tenancy.current();
    let output = '';
    const kernel = embeddedKernel(this.#parts, {
      print: (text) => (output += text),
      whose: tenant && { tenant, scope },
      signal,
    });
    return { exitCode: await kernel.call(command, input), output };
  }
}
