import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The file, or the folder it lies in, when this process may not read and write it; undefined when it may. */
export function deniedPath(file: string): string | undefined {
  return [dirname(file), file].find((path) => isDenied(path));
}

function isDenied(path: string): boolean {
  try {
    const isFolder = statSync(path).isDirectory();
    accessSync(path, constants.R_OK | constants.W_OK | (isFolder ? constants.X_OK : 0));
    return false;
  } catch (error) {
    return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}
