import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The repository's folder. */
export const repository = join(__dirname, '../../../..');

/** A piece of TypeScript that a document shows. */
export interface Example {
  /** The document, relative to the repository. */
  readonly document: string;
  /** The line of the document its first line stands on. */
  readonly line: number;
  readonly code: string;
  /** Where the reader is to put it, when its first line says so: `// app/jobs/build-report.ts`. */
  readonly path: string | undefined;
  /** Whether it is executed, too. */
  readonly runs: boolean;
}

const FENCE = /^( *)```(.*)$/;
const COMMENT = /\/\*\*.*?\*\//gs;
const PATH = /^\/\/ ([\w./-]+\.ts)\n/;

/** The pages a reader is given, relative to the repository. */
export function pages(): string[] {
  const packages = readdirSync(join(repository, 'packages')).map((name) => `packages/${name}`);
  return [
    'README.md',
    'ARCHITECTURE.md',
    'CHANGELOG.md',
    ...packages.flatMap((folder) => markdown(folder)),
    ...markdown('packages/trilite/docs'),
  ];
}

/** The sources of the framework, relative to the repository. */
export function sources(): string[] {
  const folder = join(repository, 'packages/trilite/src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => relative(repository, join(folder, name)));
}

/** The text of a file of the repository. */
export function read(file: string): string {
  return readFileSync(join(repository, file), 'utf8');
}

/** Every example of every page and docstring. */
export function examples(): Example[] {
  return [...pages().flatMap(examplesOfPage), ...sources().flatMap(examplesOfSource)];
}

/** A page's text without its blocks of code, whose lines stay as empty ones. */
export function prose(page: string): string {
  let isCode = false;
  const lines = read(page)
    .split('\n')
    .map((line) => {
      const isFence = FENCE.test(line);
      if (isFence) isCode = !isCode;
      return isCode || isFence ? '' : line;
    });
  return lines.join('\n');
}

function markdown(folder: string): string[] {
  return readdirSync(join(repository, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map(({ name }) => `${folder}/${name}`);
}

function examplesOfPage(document: string): Example[] {
  const found: Example[] = [];
  let open: { info: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of read(document).split('\n').entries()) {
    const fence = FENCE.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { info: fence[2] ?? '', line: index + 2, lines: [] };
    else {
      const { info, lines } = open;
      if (/^ts\b/.test(info)) {
        found.push(example(document, open.line, `${lines.join('\n')}\n`, /^ts run\b/.test(info)));
      }
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${document}:${open.line - 1} opens a block for good.`);
  return found;
}

function examplesOfSource(document: string): Example[] {
  const text = read(document);
  return [...text.matchAll(COMMENT)].flatMap((comment) => {
    const start = text.slice(0, comment.index).split('\n').length;
    const lines = comment[0].split('\n').map((line) => line.replace(/^\s*\*(?: |\/|$)/, ''));
    return lines.flatMap((line, index) => {
      if (line !== '@example') return [];
      const rest = lines.slice(index + 1);
      const end = rest.findIndex((one) => /^@\w/.test(one));
      // A decorator at the start of a line would be a tag of the docstring: there it is escaped.
      const code = rest.slice(0, end === -1 ? rest.length : end).join('\n');
      return [example(document, start + index + 1, code.replaceAll('\\@', '@'), false)];
    });
  });
}

function example(document: string, line: number, code: string, runs: boolean): Example {
  return { document, line, code, runs, path: PATH.exec(code)?.[1] };
}
