import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import {
  CacheRepository,
  Database,
  Locks,
  QueueDispatcher,
  RateLimiter,
  UrlGenerator,
} from 'trilite';
import { createTestApplication, travelBack } from 'trilite/testing';
import { compilerOptions } from '../helpers/compiler-options';
import { examples, repository, type Example } from './documents';
import { SendReceipt } from './fragment-scope';

/*
 * Every block of TypeScript that a reader is shown compiles, in one program, under the options of the tests, against the types that the package has.
 *
 * A document's blocks lie in a folder of their own, each at the path its first line names, so that one may import another. A block without
 * imports and exports is a fragment: the inside of a function, with fragment-scope.ts around it.
 */

const FOLDER = join(__dirname, '.examples');
const SCOPE = `import { app, cache, locks, limiter, queue, db, urls, request, response, output, SendReceipt } from '../../fragment-scope';`;
const PREAMBLE = `${SCOPE} import assert from 'node:assert/strict'; import { CacheRepository, chunk, clock, cursorPaginate, Database, defineCacheKeys, job, lazy, Limit, NotFoundError, paginate, QueueDispatcher, sql } from 'trilite'; import { travel } from 'trilite/testing'; export async function example() {\n`;

interface Placed extends Example {
  readonly name: string;
  readonly file: string;
  /** What is compiled; in a fragment one line longer at the top. */
  readonly text: string;
  readonly addedLines: number;
}

const placed = examples().map(place);
const byFile = new Map(placed.map((one) => [one.file, one]));
const options = compilerOptions();

describe('examples', () => {
  let diagnostics: ReadonlyMap<string, readonly string[]>;

  beforeAll(() => {
    diagnostics = compile();
  });

  test.each(placed.map(({ name, file }) => ({ name, file })))('$name compiles', ({ file }) => {
    expect(diagnostics.get(file)).toEqual([]);
  });

  test('no page shows two blocks for one path', () => {
    const paths = placed.map(({ file }) => file);
    expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([]);
  });
});

describe('examples marked "run"', () => {
  const running = placed.filter(({ runs }) => runs);

  test('there are some', () => expect(running.length).toBeGreaterThan(2));

  test.each(running.map(({ name, text }) => ({ name, text })))('$name runs', async ({ text }) => {
    SendReceipt.sent.length = 0;
    const app = await createTestApplication({ basePath: repository, jobs: [SendReceipt] });
    try {
      const scope = {
        app,
        cache: app.make(CacheRepository),
        locks: app.make(Locks),
        limiter: app.make(RateLimiter),
        queue: app.make(QueueDispatcher),
        db: app.make(Database),
        urls: app.make(UrlGenerator),
        SendReceipt,
      };
      await evaluate(text, scope).example?.();
    } finally {
      travelBack();
      await app.close();
    }
  });
});

function place(one: Example): Placed {
  const isFragment = !/^(import|export)\b/m.test(one.code);
  const folder = join(FOLDER, one.document.replace(/\W/g, '-'));
  return {
    ...one,
    name: `${one.document}:${one.line}`,
    file: join(folder, one.path ?? `block-${one.line}.ts`),
    text: isFragment ? `${PREAMBLE}${one.code}\n}\n` : one.code,
    addedLines: isFragment ? 1 : 0,
  };
}

/** The problems of each example, as `file:line:column message` of the document. */
function compile(): ReadonlyMap<string, readonly string[]> {
  const program = ts.createProgram([...byFile.keys()], options, createHost());
  return new Map(
    placed.map((one) => {
      const source = program.getSourceFile(one.file);
      if (source === undefined) throw new Error(`${one.name} is not part of the program.`);
      const found = [
        ...program.getSyntacticDiagnostics(source),
        ...program.getSemanticDiagnostics(source),
      ];
      return [one.file, found.map((diagnostic) => describeProblem(one, source, diagnostic))];
    }),
  );
}

/** Reads examples from memory, and everything else from the disk. */
function createHost(): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const folders = new Set([...byFile.keys()].flatMap((file) => parentsOf(file)));
  return {
    ...host,
    fileExists: (file) => byFile.has(file) || existsSync(file),
    directoryExists: (folder) => folders.has(folder) || existsSync(folder),
    readFile: (file) => byFile.get(file)?.text ?? readFileSync(file, 'utf8'),
    getSourceFile: (file, languageVersion) => {
      const text = byFile.get(file)?.text;
      return text === undefined
        ? host.getSourceFile(file, languageVersion)
        : ts.createSourceFile(file, text, languageVersion);
    },
  };
}

function parentsOf(file: string): string[] {
  const folder = dirname(file);
  return folder === FOLDER ? [folder] : [folder, ...parentsOf(folder)];
}

function describeProblem(one: Placed, source: ts.SourceFile, problem: ts.Diagnostic): string {
  const { line, character } = source.getLineAndCharacterOfPosition(problem.start ?? 0);
  const text = ts.flattenDiagnosticMessageText(problem.messageText, '\n');
  return `${one.document}:${one.line + line - one.addedLines}:${character + 1} ${text}`;
}

/** Runs a module in this test's realm, with a scope in place of the declared one. */
function evaluate(text: string, scope: object): { readonly example?: () => Promise<void> } {
  const { outputText } = ts.transpileModule(text, { compilerOptions: options });
  const load = (name: string): unknown =>
    name.endsWith('/fragment-scope') ? scope : require(name);
  const exported = {};
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- executing what the documents show is what this is for
  const run = new Function('exports', 'require', outputText) as (
    exports: object,
    require: (name: string) => unknown,
  ) => void;
  run(exported, load);
  return exported;
}
