import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { REGISTER_INSTANCE } from 'ts-node';

const BENCH = dirname(__dirname);

/** For the other process: TypeScript of this folder is what this process has made of it. */
const HOOK = `const compiled = require('./compiled.json');
require.extensions['.ts'] = (module, file) => module._compile(compiled[file], file);
`;

let hook: string | undefined;

/**
 * A file that another process requires first, and then runs the TypeScript of this folder without a compiler: that would be four times as
 * much memory as all else there, and the time it takes to collect garbage in it would be measured.
 */
export function precompiled(): string {
  hook ??= precompile();
  return hook;
}

function precompile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trilite-bench-compiled-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'compiled.json'), JSON.stringify(compileAll()));
  const file = join(folder, 'hook.js');
  writeFileSync(file, HOOK);
  return file;
}

/** What `ts-node`, which runs this process, makes of each file. */
function compileAll(): Record<string, string> {
  const compiler = process[REGISTER_INSTANCE];
  if (compiler === undefined) throw new Error('Run this by ts-node');
  const files = readdirSync(BENCH, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.split(sep).includes('node_modules'))
    .map((file) => join(BENCH, file));
  return Object.fromEntries(
    files.map((file) => [file, compiler.compile(readFileSync(file, 'utf8'), file)]),
  );
}
