import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The file, or the folder it lies in, when this process may not read and write it; undefined when it may. */
export function deniedPath(file: string): string | undefined {
  return [dirname(file), file].find((path) => isDenied(path));
}

/** The folder of a file, when this process may not look into it: whether the file is there cannot be told. */
export function closedFolder(file: string): string | undefined {
  const folder = dirname(file);
  return isDenied(folder, constants.R_OK | constants.X_OK) ? folder : undefined;
}

function isDenied(path: string, mode?: number): boolean {
  try {
    const forFolder = statSync(path).isDirectory() ? constants.X_OK : 0;
    accessSync(path, mode ?? constants.R_OK | constants.W_OK | forFolder);
    return false;
  } catch (error) {
    return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}
