import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../support/errors';

/** Whose code a frame is in. */
export type FrameOrigin = 'application' | 'framework' | 'dependency' | 'node';

/** One call on the way to an error. */
export interface StackFrame {
  /** As V8 names what was called: `ReportController.show`. Undefined at the top of a file. */
  readonly call: string | undefined;
  /** Absolute, or a name such as `node:events`. */
  readonly file: string;
  readonly line: number;
  readonly origin: FrameOrigin;
}

/** Trilite's own files: dist/, or src/ in its repository. */
const FRAMEWORK = join(__dirname, '../..');

const FRAME = /^\s+at (?:(.+) \()?(.+):(\d+):\d+\)?$/;

/** The calls that led to an error, the last one first; files as the stack names them, so that source maps have been followed where somebody does. */
export function framesOf(error: Error, basePath: string): StackFrame[] {
  return ownLines(error).flatMap((text) => {
    const [, call, place, line] = FRAME.exec(text) ?? [];
    if (place === undefined) return [];
    const file = fileOf(place.replace(/^async /, ''));
    return [{ call, file, line: Number(line), origin: originOf(file, basePath) }];
  });
}

/** Whether a path lies in a folder. */
export function isBelow(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`);
}

/** A message may hold lines that look like frames: whoever sent it would choose which files are shown. */
function ownLines(error: Error): string[] {
  const stack = typeof error.stack === 'string' ? error.stack : '';
  const message = messageOf(error);
  const end = stack.indexOf(message);
  return stack.slice(end === -1 ? 0 : end + message.length).split('\n');
}

function fileOf(place: string): string {
  try {
    return place.startsWith('file:') ? fileURLToPath(place) : place;
  } catch {
    return place; // a URL that stands for no file of this machine
  }
}

function originOf(file: string, basePath: string): FrameOrigin {
  if (!file.startsWith('/')) return 'node';
  if (isBelow(FRAMEWORK, file)) return 'framework';
  if (file.includes('/node_modules/')) return 'dependency';
  return isBelow(basePath, file) ? 'application' : 'dependency';
}
