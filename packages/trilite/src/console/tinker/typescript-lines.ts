import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Recoverable } from 'node:repl';
import type * as TypeScript from 'typescript';

/** Makes JavaScript of what was typed. @throws a SyntaxError; a `Recoverable` one where the text is not at its end */
export type CompileLines = (text: string) => string;

type TypeScriptModule = typeof TypeScript;

/** The diagnostic of a string, which the end of its line ends. */
const UNTERMINATED_STRING = 1002;

/** Those of a template and a comment, which go on in the next line. */
const UNTERMINATED: ReadonlySet<number> = new Set([1160, 1010]);

/** TypeScript as the application has it installed; undefined where it is not, as in production. */
export function typeScriptLines(codePath: string): CompileLines | undefined {
  try {
    const fromApplication = createRequire(join(codePath, 'artisan.ts'));
    const ts = fromApplication('typescript') as TypeScriptModule;
    return (text) => compile(ts, importsAsRequires(ts, text));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function compile(ts: TypeScriptModule, text: string): string {
  // "{ a: 1 }" is an object to who types it, as Node's own REPL has it
  if (/^\s*\{/.test(text) && !/;\s*$/.test(text)) {
    const { outputText, diagnostics = [] } = transpile(ts, `(${text})`);
    if (diagnostics.length === 0) return outputText;
  }
  const { outputText, diagnostics = [] } = transpile(ts, text);
  const [first] = diagnostics;
  if (first === undefined) return outputText;
  const error = new SyntaxError(ts.flattenDiagnosticMessageText(first.messageText, '\n'));
  throw isUnfinished(first, text) ? new Recoverable(error) : error;
}

function transpile(ts: TypeScriptModule, text: string): TypeScript.TranspileOutput {
  const output = ts.transpileModule(text, {
    reportDiagnostics: true,
    fileName: 'tinker.ts',
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      isolatedModules: true,
    },
  });
  const own = output.diagnostics?.filter(({ file }) => file !== undefined) ?? [];
  return {
    outputText: output.outputText.replace(/^"use strict";\n/, '').replace(/export \{\};\n/, ''),
    diagnostics: own,
  };
}

function isUnfinished({ code, start = 0 }: TypeScript.Diagnostic, text: string): boolean {
  if (code === UNTERMINATED_STRING) return false;
  return UNTERMINATED.has(code) || start >= text.trimEnd().length;
}

/** Names that are imported stay known, and may be imported again: `var`, and what CommonJS gives. */
function importsAsRequires(ts: TypeScriptModule, text: string): string {
  const file = ts.createSourceFile('tinker.ts', text, ts.ScriptTarget.ES2022);
  return file.statements
    .filter((statement) => ts.isImportDeclaration(statement))
    .reverse()
    .reduce((rest, statement) => {
      const line = asRequire(ts, statement, file);
      return rest.slice(0, statement.getStart(file)) + line + rest.slice(statement.end);
    }, text);
}

function asRequire(
  ts: TypeScriptModule,
  { importClause, moduleSpecifier }: TypeScript.ImportDeclaration,
  file: TypeScript.SourceFile,
): string {
  const loaded = `require(${moduleSpecifier.getText(file)})`;
  if (importClause === undefined) return `${loaded};`;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return '';
  const { name, namedBindings } = importClause;
  const lines: string[] = [];
  if (name !== undefined) {
    lines.push(`var ${name.text} = ((m) => (m?.__esModule ? m.default : m))(${loaded});`);
  }
  if (namedBindings !== undefined) {
    lines.push(`var ${bindingsOf(ts, namedBindings, file)} = ${loaded};`);
  }
  return lines.join(' ');
}

function bindingsOf(
  ts: TypeScriptModule,
  bindings: TypeScript.NamedImportBindings,
  file: TypeScript.SourceFile,
): string {
  if (ts.isNamespaceImport(bindings)) return bindings.name.text;
  const names = bindings.elements
    .filter(({ isTypeOnly }) => !isTypeOnly)
    .map(({ name, propertyName }) =>
      propertyName === undefined ? name.text : `${propertyName.getText(file)}: ${name.text}`,
    );
  return `{ ${names.join(', ')} }`;
}
