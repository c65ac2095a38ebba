import { readFileSync, realpathSync, statSync } from 'node:fs';
import { extname, relative } from 'node:path';
import { isBelow, type StackFrame } from './stack-frames';

/** Lines shown before and after the one that matters. */
const AROUND = 6;

/** Nobody writes such a file by hand. */
const MOST_BYTES = 1024 * 1024;

const CODE = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs'];

/** A few lines of a file. */
export interface SourceExcerpt {
  /** Relative to the application. */
  readonly file: string;
  /** The line that matters. */
  readonly line: number;
  readonly lines: readonly { readonly number: number; readonly text: string }[];
}

/**
 * The lines around the first call in the application's own code; undefined where there is none that may be shown. Code below the application's folder
 * alone is read: no dependency, and nothing whose path has a part that begins with a dot, such as `.env`.
 */
export function excerptOf(
  frames: readonly StackFrame[],
  basePath: string,
): SourceExcerpt | undefined {
  const frame = frames.find(({ origin }) => origin === 'application');
  if (frame === undefined) return undefined;
  try {
    const folder = realpathSync(basePath);
    const file = realpathSync(frame.file); // a link may lead out of the folder
    return mayBeShown(file, folder) ? read(file, folder, frame.line) : undefined;
  } catch {
    return undefined; // the file is gone, or never was one
  }
}

function mayBeShown(file: string, folder: string): boolean {
  const parts = relative(folder, file).split('/');
  return (
    isBelow(folder, file) &&
    CODE.includes(extname(file)) &&
    !parts.some((part) => part === 'node_modules' || part.startsWith('.')) &&
    statSync(file).size <= MOST_BYTES
  );
}

function read(file: string, folder: string, line: number): SourceExcerpt | undefined {
  const all = readFileSync(file, 'utf8').split('\n');
  if (line > all.length) return undefined; // it has been edited since
  const first = Math.max(1, line - AROUND);
  const lines = all
    .slice(first - 1, line + AROUND)
    .map((text, index) => ({ number: first + index, text }));
  return { file: relative(folder, file), line, lines };
}
