import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Recoverable } from 'node:repl';
import { runInNewContext } from 'node:vm';
import { typeScriptLines } from '../../src/console/tinker/typescript-lines';

const compile = typeScriptLines(join(__dirname, '../..'));
if (compile === undefined) throw new Error('Expected TypeScript to be installed.');

const valueOf = (text: string): unknown =>
  runInNewContext(compile(text), { require: createRequire(__filename) }) as unknown;

test.each([
  ['types are left out', 'const a: number = 1; a as unknown', 1],
  ['an interface comes to nothing', 'interface Named { name: string }', undefined],
  ['braces are an object', '{ a: 1 }', { a: 1 }],
  ['braces before a semicolon are a block', '{ const a = 1; a };', 1],
  ['a named import', 'import { join as paths, sep } from "node:path"; paths("a", sep)', 'a/'],
  ['a default import', 'import path from "node:path"; path.sep', '/'],
  [
    'a default import beside a type',
    'import path, { type ParsedPath } from "node:path"; path.sep',
    '/',
  ],
  ['a namespace', 'import * as path from "node:path"; path.sep', '/'],
  ['a type alone', 'import type { ParsedPath } from "node:path"; 7', 7],
  [
    'two imports, in their order',
    'import { sep } from "path";\nimport { EOL } from "os"; [sep, EOL]',
    ['/', '\n'],
  ],
  ['lines in a template', '`two\nlines`.length', 9],
])('%s', (_, text, value) => {
  expect(valueOf(text)).toEqual(value);
});

test.each(['const a = {', 'function f(a: number) {', '`half', 'call(1,', '/* a comment'])(
  '%j goes on in the next line',
  (text) => {
    expect(() => compile(text)).toThrow(Recoverable);
  },
);

test.each(['const a: = 3', 'a b c', 'const a = "half\n'])('%j is wrong', (text) => {
  expect(() => compile(text)).toThrow(SyntaxError);
});
