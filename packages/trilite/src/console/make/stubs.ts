import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandUsageError } from '../errors';

/** Those of the framework. */
const OWN = join(__dirname, '../../../stubs');

/** Where an application keeps those that it has changed. */
export const STUBS_FOLDER = 'stubs';

/** The names of all stubs. */
export function stubNames(): string[] {
  return readdirSync(OWN).map((file) => file.replace(/\.stub$/, ''));
}

/** The text of the framework's own. */
export function ownStub(name: string): string {
  return readFileSync(join(OWN, `${name}.stub`), 'utf8');
}

/**
 * A stub with what stands in `{{ braces }}` filled in: the application's own, where it has one.
 *
 * @throws E_COMMAND_USAGE when it asks for what there is not
 */
export function fillStub(
  basePath: string,
  { stub, command }: { readonly stub: string; readonly command: string },
  values: Readonly<Record<string, string>>,
): string {
  const file = join(basePath, STUBS_FOLDER, `${stub}.stub`);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ownStub(stub);
  return text.replace(/\{\{ *(\w+) *\}\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) {
      const known = Object.keys(values).join(', ');
      throw CommandUsageError.because(
        command,
        `${STUBS_FOLDER}/${stub}.stub asks for "${whole}", and there is: ${known}`,
      );
    }
    return value;
  });
}
