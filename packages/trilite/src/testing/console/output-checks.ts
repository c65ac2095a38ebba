import type { CommandResult } from '../../console/artisan';
import { Output } from '../../console/output';

/** Tells what is wrong with what a command came to; undefined when nothing is. */
export type CommandCheck = (result: CommandResult) => string | undefined;

/** What can be said of the output of a command. */
export const outputChecks = {
  printed:
    (text?: string): CommandCheck =>
    ({ output }) => {
      if (text === undefined) return output === '' ? 'Expected output, got none.' : undefined;
      return hasLines(output, text) ? undefined : `Expected the output ${quoted(text)}.`;
    },

  notPrinted:
    (text?: string): CommandCheck =>
    ({ output }) => {
      if (text === undefined) return output === '' ? undefined : 'Expected no output.';
      return hasLines(output, text) ? `Expected no output ${quoted(text)}.` : undefined;
    },

  contains:
    (text: string): CommandCheck =>
    ({ output }) =>
      output.includes(text) ? undefined : `Expected output that contains ${quoted(text)}.`,

  lacks:
    (text: string): CommandCheck =>
    ({ output }) =>
      output.includes(text) ? `Expected output without ${quoted(text)}.` : undefined,

  hasTable:
    (headings: readonly string[], rows: readonly (readonly (string | number)[])[]): CommandCheck =>
    ({ output }) => {
      const table = tableText(headings, rows);
      return output.includes(table) ? undefined : `Expected the table\n${table}`;
    },
};

/** How a command went, below the message of what it was expected to do. */
export function reportOf(name: string, { exitCode, output }: CommandResult): string {
  const printed = output.replace(/^\n+/, '').trimEnd();
  const head = `"artisan ${name}" ended with exit code ${exitCode}`;
  return printed === '' ? `${head}, and printed nothing.` : `${head}, and printed:\n\n${printed}`;
}

/** Whether lines of an output are those of a text, one after the other. */
function hasLines(output: string, text: string): boolean {
  const wanted = text.split('\n').map((line) => line.trim());
  const lines = output.split('\n').map((line) => line.trim());
  return lines.some((_, at) =>
    wanted.every((one, index) => {
      const line = lines[at + index];
      return line !== undefined && [line, unlabelled(line)].includes(one);
    }),
  );
}

/** A line without the label of `output.info` and its like. */
function unlabelled(line: string): string {
  return line.replace(/^(INFO|DONE|WARN|ERROR) +/, '');
}

function tableText(
  headings: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  let text = '';
  new Output({ write: (more) => (text += more) }, { color: false }).table(headings, rows);
  return text;
}

function quoted(text: string): string {
  return text.includes('\n') ? `\n${text}\n` : `"${text}"`;
}
