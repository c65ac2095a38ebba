import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectAt } from '../../config/project';
import { messageOf, toError } from '../../support/errors';
import type { CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { fillStub } from './stubs';

/** What every command that makes a file takes. */
export const nameArgument = {
  name: { description: 'What it is called; folders before it end with "/"' },
} as const;

/** What every command that makes a file can be told. */
export const forceOption = { force: { description: 'Replace a file that is there' } } as const;

/** A file to make. */
export interface MadeFile {
  readonly command: string;
  readonly stub: string;
  /** From the folder of the application. */
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
  readonly force: boolean;
}

type MakeContext = Pick<CommandContext, 'codePath' | 'output'>;

/**
 * Makes a file of a stub, and says so. Reads no configuration and opens nothing: what is broken can be mended with a file more.
 *
 * @throws E_COMMAND_USAGE when it is there already, cannot be written, or has the name of what it imports
 */
export function makeFile({ codePath, output }: MakeContext, file: MadeFile): void {
  const { basePath } = projectAt(codePath);
  const path = join(basePath, file.path);
  const text = fillStub(basePath, file, file.values);
  refuseImported(file, text);
  if (!file.force && existsSync(path)) {
    throw CommandUsageError.because(file.command, `${file.path} is there (--force replaces it)`);
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    // Whoever made it since we looked has it
    writeFileSync(path, text, { flag: file.force ? 'w' : 'wx' });
  } catch (error) {
    throw CommandUsageError.because(
      file.command,
      `${file.path} cannot be written: ${messageOf(toError(error))}`,
    );
  }
  output.success(`${file.path} is made.`);
}

/** A job called "Job" would not compile beside the type that it implements. */
function refuseImported({ command, values }: MadeFile, text: string): void {
  const imports = text.match(/^import [^;]*(?= from )/gm) ?? [];
  const names: readonly string[] = imports.join(' ').match(/\w+/g) ?? [];
  const name = values['class'];
  if (name === undefined || !names.includes(name)) return;
  const problem = `a class "${name}" would have the name of what it imports`;
  throw CommandUsageError.because(command, problem);
}
