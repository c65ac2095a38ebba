import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** A fixture as JavaScript, in a folder of its own: its processes start without a compiler. */
export interface CompiledApp {
  readonly path: string;
  readonly storagePath: string;
  remove(): void;
}

export function compileApp(fixture: string): CompiledApp {
  const path = mkdtempSync(join(tmpdir(), 'trilite-storm-'));
  for (const file of readdirSync(fixture, { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.ts')) compile(join(fixture, file), join(path, file.replace(/ts$/, 'js')));
  }
  cpSync(join(fixture, 'package.json'), join(path, 'package.json'));
  mkdirSync(join(path, 'node_modules'));
  symlinkSync(join(__dirname, '../..'), join(path, 'node_modules/trilite'), 'dir');
  const storagePath = join(path, 'storage');
  mkdirSync(storagePath);
  return { path, storagePath, remove: () => rmSync(path, { recursive: true, force: true }) };
}

function compile(from: string, to: string): void {
  const { outputText } = ts.transpileModule(readFileSync(from, 'utf8'), {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      esModuleInterop: true,
    },
  });
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, outputText);
}
