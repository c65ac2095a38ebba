import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { messageOf, toError } from '../support/errors';
import { lineDiff } from '../support/line-diff';
import { CommandUsageError } from './errors';
import type { Output } from './output';

/** A source file that a command writes. */
export interface GeneratedFile {
  /** The command that writes it. */
  readonly command: string;
  /** What it is made from, such as "the migrations". */
  readonly source: string;
  /** What such a file begins with, and no other. */
  readonly header: string;
  readonly generate: () => string | Promise<string>;
}

/** How it is written. */
export interface GeneratedFileOptions {
  /** From the folder of the application, and below it. */
  readonly output: string;
  readonly check: boolean;
  readonly force: boolean;
}

/** The options of a command that writes a source file. */
export const generatedFileOptions = {
  check: {
    description: 'Write nothing; show what differs, with exit code 1 when something does',
  },
  force: { description: 'Replace a file that was written by hand' },
} as const;

/**
 * Writes a source file, or says what differs from it, as the exit code.
 *
 * @throws E_COMMAND_USAGE for a file that is none of TypeScript, lies elsewhere, cannot be used, or was written by hand
 */
export async function writeGeneratedFile(
  file: GeneratedFile,
  { output: given, check, force }: GeneratedFileOptions,
  { basePath, output }: { readonly basePath: string; readonly output: Output },
): Promise<number> {
  const { command, source, header } = file;
  const usage = (problem: string): CommandUsageError => CommandUsageError.because(command, problem);
  const reachable = <T>(use: () => T): T => {
    try {
      return use();
    } catch (error) {
      throw usage(`${name} cannot be used: ${messageOf(toError(error))}`);
    }
  };
  const path = resolve(basePath, given);
  const name = relative(basePath, path);
  // What is read and replaced is a source, never a database
  if (!given.endsWith('.ts')) throw usage('"--output" needs the name of a .ts file');
  if (name.startsWith(`..${sep}`) || isAbsolute(name)) {
    throw usage(`"--output=${given}" lies outside of the application's folder`);
  }
  const existing = reachable(() => textOf(path));
  const generated = await file.generate();
  if (existing === generated) output.success(`${name} is what ${source} make.`);
  else if (check) {
    output.error(`${name} is not what ${source} make.`, `Write it with "artisan ${command}".`);
    return showDifference(output, existing ?? '', generated);
  } else {
    if (!force && existing !== undefined && !existing.startsWith(header)) {
      throw usage(`${name} was written by hand, and would be lost (--force replaces it)`);
    }
    reachable(() => write(path, generated));
    output.success(`${name} is written.`);
  }
  return 0;
}

/** Writes a file anew that is there and was generated; one that is not, or was written by hand, is left alone. Tells whether it did. */
export async function refreshGeneratedFile(
  { header, generate }: Pick<GeneratedFile, 'header' | 'generate'>,
  path: string,
): Promise<boolean> {
  const existing = textOf(path) ?? '';
  if (!existing.startsWith(header)) return false;
  const generated = await generate();
  if (existing === generated) return false;
  writeFileSync(path, generated);
  return true;
}

function showDifference(output: Output, existing: string, generated: string): number {
  const { green, red } = output.colors;
  for (const line of lineDiff(existing, generated)) {
    output.line(`  ${line.startsWith('+') ? green(line) : red(line)}`);
  }
  output.line();
  return 1;
}

/** What a file holds; undefined where none is. Of what is no file nothing is read: a pipe would keep one waiting. */
function textOf(path: string): string | undefined {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return undefined;
  if (!facts.isFile()) throw new TypeError('it is no file');
  return readFileSync(path, 'utf8');
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
