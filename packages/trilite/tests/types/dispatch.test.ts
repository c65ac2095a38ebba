import { join } from 'node:path';
import ts from 'typescript';

/*
 * What of "dispatch" compiles, and what does not. Every snippet is a file of one program, so that the compiler starts once.
 */

const HEAD = `
import { QueueDispatcher, type Job, type JobContext } from 'trilite';

class Report implements Job<{ id: string }> {
  async handle(payload: { id: string }, context: JobContext): Promise<void> {}
}
class Either implements Job<{ a: number } | undefined> {
  handle(payload: { a: number } | undefined): void {}
}
class Cleanup implements Job {
  handle(): void {}
}
class Sweep implements Job {
  constructor(private readonly needed: QueueDispatcher) {}
  async handle(_payload: void, context: JobContext): Promise<void> {}
}
class NoJob {
  run(): void {}
}
declare const queue: QueueDispatcher;
`;

const COMPILES = [
  `queue.dispatch(Report, { id: '5' });`,
  `queue.dispatch(Report, { id: '5' }, { delay: '5s', queue: 'mail', priority: 5 });`,
  `queue.dispatch(Report, { id: '5' }, { delay: 5 });`,
  `queue.dispatch(Report, { id: '5' }, { delay: new Date() });`,
  `queue.dispatch(Either, { a: 1 });`,
  `queue.dispatch(Either, undefined);`,
  `queue.dispatch(Cleanup);`,
  `queue.dispatch(Cleanup, undefined, { delay: '5s' });`,
  `queue.dispatch(Sweep);`,
  `queue.dispatch(Report, { id: '5' }).then(({ id }: { id: string }) => id);`,
];

const DOES_NOT_COMPILE = [
  `queue.dispatch(Report);`,
  `queue.dispatch(Report, undefined);`,
  `queue.dispatch(Report, {});`,
  `queue.dispatch(Report, { id: 5 });`,
  `queue.dispatch(Report, { id: '5', other: 1 });`,
  `queue.dispatch(Report, '5');`,
  `queue.dispatch(Either);`,
  `queue.dispatch(Either, { a: '1' });`,
  `queue.dispatch(Cleanup, { id: '5' });`,
  `queue.dispatch(Sweep, 5);`,
  `queue.dispatch(Report, { id: '5' }, { delay: true });`,
  `queue.dispatch(Report, { id: '5' }, { queue: 5 });`,
  `queue.dispatch(Report, { id: '5' }, { priority: 'high' });`,
  `queue.dispatch(Report, { id: '5' }, { dealy: '5s' });`,
  `queue.dispatch(Report, { id: '5' }, '5s');`,
  `queue.dispatch(NoJob);`,
  `queue.dispatch('Report', { id: '5' });`,
  `queue.dispatch(new Report(), { id: '5' });`,
];

let problems: ReadonlyMap<string, readonly string[]>;

beforeAll(() => {
  problems = compile([...COMPILES, ...DOES_NOT_COMPILE]);
}, 60_000);

test.each(COMPILES)('compiles: %s', (snippet) => {
  expect(problems.get(snippet)).toEqual([]);
});

test.each(DOES_NOT_COMPILE)('does not compile: %s', (snippet) => {
  expect(problems.get(snippet)).toHaveLength(1);
});

/** The errors of each snippet. */
function compile(snippets: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const files = new Map(
    snippets.map((snippet, index) => [join(__dirname, `snippet-${index}.ts`), snippet]),
  );
  const options = { ...readOptions(), noUnusedLocals: false };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  const textOf = (file: string): string | undefined =>
    files.has(file) ? HEAD + (files.get(file) ?? '') : undefined;
  host.readFile = (file) => textOf(file) ?? readFile(file);
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = textOf(file);
    return text === undefined
      ? getSourceFile(file, version, ...rest)
      : ts.createSourceFile(file, text, version);
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

function readOptions(): ts.CompilerOptions {
  const file = join(__dirname, '../tsconfig.json');
  const read = ts.getParsedCommandLineOfConfigFile(file, undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    },
  });
  return read?.options ?? {};
}
