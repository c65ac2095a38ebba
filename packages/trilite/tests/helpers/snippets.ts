import { join } from 'node:path';
import ts from 'typescript';
import { compilerOptions } from './compiler-options';

/** Makes a test of each snippet, which compiles with a head above it, or does not. */
export function testSnippets(
  head: string,
  { compiles, doesNot }: Readonly<Record<'compiles' | 'doesNot', readonly string[]>>,
): void {
  let problems: ReadonlyMap<string, readonly string[]>;

  beforeAll(() => {
    problems = problemsOfSnippets(head, [...compiles, ...doesNot]);
  }, 60_000);

  test.each(compiles)('compiles: %s', (snippet) => {
    expect(problems.get(snippet)).toEqual([]);
  });

  test.each(doesNot)('does not compile: %s', (snippet) => {
    expect(problems.get(snippet)).toHaveLength(1);
  });
}

/** What was read for one program serves the next. */
const sources = new Map<string, ts.SourceFile | undefined>();

/** The compiler's errors of each snippet with a head above it. Every snippet is a file of one program, so that the compiler starts once. */
export function problemsOfSnippets(
  head: string,
  snippets: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const files = new Map(
    snippets.map((snippet, index) => [join(__dirname, `snippet-${index}.ts`), snippet]),
  );
  const options = { ...compilerOptions(), noUnusedLocals: false };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  const textOf = (file: string): string | undefined =>
    files.has(file) ? head + (files.get(file) ?? '') : undefined;
  host.readFile = (file) => textOf(file) ?? readFile(file);
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = textOf(file);
    if (text !== undefined) return ts.createSourceFile(file, text, version);
    if (!sources.has(file)) sources.set(file, getSourceFile(file, version, ...rest));
    return sources.get(file);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return new Map(
    [...files].map(([file, snippet]) => [
      snippet,
      problemsOf(program, program.getSourceFile(file)),
    ]),
  );
}

function problemsOf(program: ts.Program, file: ts.SourceFile | undefined): string[] {
  return ts
    .getPreEmitDiagnostics(program, file)
    .filter((diagnostic) => diagnostic.file === file)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}
