import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { start, type REPLServer } from 'node:repl';
import { inspect } from 'node:util';
import type { Context } from 'node:vm';
import { toError } from '../../support/errors';
import { loadExports, sourceFiles } from '../../support/file-discovery';
import type { ConsoleApplication } from '../console-application';
import { TinkerLanguageError } from '../errors';
import type { CompileLines } from './typescript-lines';

/** What tinkering is made of. */
export interface TinkerParts {
  readonly app: ConsoleApplication;
  /** The folder of app/: what `./` stands for in an import. */
  readonly codePath: string;
  /** Undefined takes JavaScript as it is. */
  readonly compile: CompileLines | undefined;
  /** Runs an evaluation for whom it is meant. */
  readonly enter: (work: () => Promise<void>) => Promise<void>;
  readonly color: boolean;
}

/** Kept for the person, not the application: what is typed may hold what others must not see. Node makes it for its owner's eyes alone. */
export const historyFile = (): string => join(homedir(), '.trilite_history');

/**
 * Evaluates what is typed, or one text, with the application at hand: `app`, the names of "trilite", and the classes of app/ by theirs.
 *
 * Node's own REPL with TypeScript before it; a promise is awaited before its value is shown.
 */
export class Tinker {
  readonly #parts: TinkerParts;

  constructor(parts: TinkerParts) {
    this.#parts = parts;
  }

  /** Evaluates one text. @returns what its last statement comes to; what it throws is thrown */
  async run(text: string): Promise<unknown> {
    const server = this.#server({ input: new PassThrough(), output: new PassThrough() });
    try {
      return await new Promise((resolve, reject) => {
        domainOf(server)?.once('error', reject);
        server.eval(text, server.context, 'tinker', (error, value: unknown) => {
          if (error !== null) reject(this.#explained(error));
          else setImmediate(resolve, value); // by then it is known which promise nobody awaits has failed
        });
      });
    } finally {
      server.close();
    }
  }

  /** Reads and evaluates line by line, until the terminal says Ctrl-D, `.exit` or `exit`. */
  async talk(input: Readable, output: Writable): Promise<void> {
    const server = this.#server({ input, output, terminal: true });
    server.setupHistory(historyFile(), () => undefined);
    await new Promise<void>((resolve) => server.once('exit', resolve));
  }

  /** What a value looks like. */
  shown(value: unknown): string {
    return inspect(value, { colors: this.#parts.color, depth: 4 });
  }

  /** What is unfinished stays so in a text, and who types TypeScript where there is none is told. */
  #explained(error: Error): Error {
    const inner = 'err' in error && error.err instanceof Error ? error.err : error;
    if (!(inner instanceof SyntaxError) || this.#parts.compile !== undefined) return inner;
    return TinkerLanguageError.javaScript(inner);
  }

  #server(streams: { input: Readable; output: Writable; terminal?: boolean }): REPLServer {
    const { color, compile = (text: string) => text } = this.#parts;
    const server = start({
      ...streams,
      prompt: '> ',
      useColors: color,
      // Of another realm, a Date would be no Date to a cache or a query
      useGlobal: true,
      ignoreUndefined: true,
      breakEvalOnSigint: streams.terminal === true,
      writer: (value) => this.shown(value),
    });
    this.#provide(server);
    server.on('reset', () => this.#provide(server));
    const evaluate = server.eval.bind(server);
    Object.assign(server, {
      eval: (text: string, context: Context, file: string, callback: EvaluationCallback): void => {
        if (/^(exit|quit)\s*$/.test(text)) {
          server.close();
          return callback(null);
        }
        let code: string;
        try {
          code = compile(text);
        } catch (error) {
          return callback(toError(error));
        }
        this.#evaluate(server, (done) => evaluate(code, context, file, done), callback);
      },
    });
    return server;
  }

  /** Evaluates for whom it is meant, and calls back with what the value, if it is a promise, comes to. */
  #evaluate(
    server: REPLServer,
    evaluate: (done: EvaluationCallback) => void,
    callback: EvaluationCallback,
  ): void {
    const domain = domainOf(server);
    const work = (): Promise<void> =>
      new Promise((resolve) => {
        // The REPL itself says what it told its domain
        domain?.once('error', resolve);
        evaluate((error, value) => {
          domain?.off('error', resolve);
          const awaited = error === null ? Promise.resolve(value) : Promise.reject(error);
          awaited
            .then(
              (result) => callback(null, result),
              (reason: unknown) => callback(toError(reason)),
            )
            .finally(resolve);
        });
      });
    this.#parts.enter(work).catch((error: unknown) => callback(toError(error)));
  }

  #provide({ context }: REPLServer): void {
    const { app, codePath } = this.#parts;
    const fromApplication = createRequire(join(codePath, 'artisan.ts'));
    const names = namesOf(fromApplication, codePath);
    for (const [name, get] of names) {
      const set = (value: unknown): void => {
        Object.defineProperty(context, name, { value, writable: true, configurable: true });
      };
      Object.defineProperty(context, name, { get, set, configurable: true });
    }
    Object.assign(context, { app, require: fromApplication });
  }
}

type EvaluationCallback = (error: Error | null, value?: unknown) => void;

/** Up to Node 24, what a line throws before its first `await` is told to a domain of the REPL and not to who evaluates it. */
function domainOf(server: REPLServer): EventEmitter | undefined {
  return (server as { readonly _domain?: EventEmitter })._domain;
}

/** What can be named without an import, each loaded when it is named. What "trilite" exports comes before a class of app/ of the same name. */
function namesOf(fromApplication: NodeJS.Require, codePath: string): Map<string, () => unknown> {
  const classes = sourceFiles(join(codePath, 'app'), { deep: true }).map((file) => {
    const name = file.stem.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
    return [name, () => loadExports(file)[name]] as const;
  });
  const trilite = fromApplication('trilite') as Record<string, unknown>;
  const exported = Object.keys(trilite).map((name) => [name, () => trilite[name]] as const);
  return new Map([...classes, ...exported]);
}
