import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/** Where an application lies. */
export interface Project {
  /** The folder of package.json and .env. */
  readonly basePath: string;
  /** The folder of config/, routes/ and app/: the base path itself, or dist/ in a built application. */
  readonly codePath: string;
  /** Values that win over the process environment and the .env files. For tests. */
  readonly env: Readonly<Record<string, string>>;
  /** Another storage folder than STORAGE_PATH says, once the config files are loaded. For tests. */
  readonly storagePath?: string;
}

let current: Project | undefined;

/** Tells the config files that are about to be loaded where they belong. Called once, by the application's boot. */
export function enterProject(project: Project): void {
  current = project;
}

/** The project being loaded; without one, the nearest folder above the working directory with a package.json. */
export function currentProject(): Project {
  current ??= projectAt(process.cwd());
  return current;
}

/** The project whose code lies in a folder: its base path is the nearest folder upwards with a package.json. */
export function projectAt(codePath: string, env: Readonly<Record<string, string>> = {}): Project {
  return { basePath: nearestPackage(codePath), codePath, env };
}

/** A path below the application's folder, absolute. An absolute path is returned as it is. */
export function basePath(...segments: string[]): string {
  return under(currentProject().basePath, segments);
}

/** Joins segments below a folder, unless they are absolute already. */
export function under(folder: string, segments: readonly string[]): string {
  const path = join(...segments, '.');
  return isAbsolute(path) ? path : resolve(folder, path);
}

function nearestPackage(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  return parent === folder ? process.cwd() : nearestPackage(parent);
}
