import { existsSync, readdirSync } from 'node:fs';
import { join, parse } from 'node:path';

/** A source file that can be required. */
export interface SourceFile {
  /** Absolute path. */
  readonly path: string;
  /** File name without its extension. */
  readonly stem: string;
}

/**
 * The source files directly in a folder, or below it with `deep`, sorted by path.
 *
 * Where a TypeScript file and its compiled twin lie side by side, the TypeScript file counts. A missing folder has none.
 */
export function sourceFiles(
  folder: string,
  options: { readonly deep?: boolean } = {},
): SourceFile[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const names = new Set(entries.map((entry) => entry.name));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return options.deep === true ? sourceFiles(path, options) : [];
    return isSource(entry.name, names) ? [{ path, stem: parse(entry.name).name }] : [];
  });
}

/** The source file of that stem in a folder, or undefined. */
export function sourceFile(folder: string, stem: string): SourceFile | undefined {
  return sourceFiles(folder).find((file) => file.stem === stem);
}

/** What a source file exports. */
export function loadExports(file: SourceFile): Record<string, unknown> {
  // Files found by folder are loaded by path
  return require(file.path) as Record<string, unknown>;
}

function isSource(name: string, siblings: ReadonlySet<string>): boolean {
  if (name.endsWith('.d.ts')) return false;
  return (
    name.endsWith('.ts') || (name.endsWith('.js') && !siblings.has(name.replace(/\.js$/, '.ts')))
  );
}
