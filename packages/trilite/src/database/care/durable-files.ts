import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { clock } from '../../support/clock';
import { errorCode } from '../../support/errors';
import { isRunning } from '../../support/process';
import { placeOf } from '../file-locks';

/** What SQLite may keep beside a file. */
export const SIDES = ['-wal', '-shm', '-journal'] as const;

const PARTIAL = /^\.(.+)\.(\d+)\.partial(-wal|-shm|-journal)?$/;
const DAY_MS = 86_400_000;

/** Partials of this process: one with its pid that is not among them is of an earlier process, as pids in a container come again. */
const inWork = new Set<string>();

/** A name beside a file, for it while it is being written; nobody takes it for the file. Removed by `removeFile` or given up by `release`. */
export function partialOf(file: string): string {
  const partial = join(dirname(file), `.${basename(file)}.${process.pid}.partial`);
  inWork.add(partial);
  return partial;
}

/** Says that a partial is one no more: it was renamed or removed. */
export function release(partial: string): void {
  inWork.delete(partial);
}

/** Removes partials in a folder whose process is gone, or that nobody has touched for a day. @param file of this file alone */
export function removeAbandonedPartials(folder: string, file?: string): void {
  for (const name of readdirSync(folder)) {
    const [, of, pid] = PARTIAL.exec(name) ?? [];
    if (of === undefined || (file !== undefined && of !== basename(file))) continue;
    if (isAbandoned(join(folder, name), Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

/** Removes a file with what lies beside it; harmless when it is not there. */
export function removeFile(file: string): void {
  for (const side of ['', ...SIDES]) rmSync(`${file}${side}`, { force: true });
}

/** Has the disk take what was written of a file. Not for a file that this process has open by SQLite: closing it drops its locks. */
export function syncFile(file: string): void {
  sync(file, 'r+');
}

/** Has the disk take the names in a folder. */
export function syncFolder(folder: string): void {
  sync(folder, 'r');
}

/** Lets a file be read and written by those who may read and write another. */
export function copyPermissions(from: string, to: string): void {
  const facts = statSync(from, { throwIfNoEntry: false });
  if (facts === undefined) return;
  chmodSync(to, facts.mode & 0o777);
  try {
    chownSync(to, facts.uid, facts.gid);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') throw error; // only root gives files away; anybody else's are their own
  }
}

/** Whether two paths are one file. */
export function isSameFile(one: string, other: string): boolean {
  const place = placeOf(one);
  return place !== undefined && place === placeOf(other);
}

/** Why a file is set aside: it is damaged, or holds other tables than it should. Part of its name then. */
export type Unusable = 'damaged' | 'foreign';

/** The name of a file that is set aside, up to the time. */
export function asideName(file: string, found: Unusable): string {
  return `${basename(file)}.${found}-`;
}

/** The files that were set aside beside a file, without what SQLite kept beside them. */
export function filesSetAside(file: string, found: Unusable): string[] {
  const isSide = (name: string): boolean => SIDES.some((side) => name.endsWith(side));
  return readdirSync(dirname(file))
    .filter((name) => name.startsWith(asideName(file, found)) && !isSide(name))
    .map((name) => join(dirname(file), name));
}

/** The first of some paths that nothing lies at. */
export function freePath(pathAt: (attempt: number) => string): string {
  let attempt = 0;
  while (['', ...SIDES].some((side) => existsSync(`${pathAt(attempt)}${side}`))) attempt += 1;
  return pathAt(attempt);
}

function sync(path: string, flags: 'r' | 'r+'): void {
  const descriptor = openSync(path, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function isAbandoned(path: string, pid: number): boolean {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return false;
  if (clock.now() - facts.mtimeMs > DAY_MS) return true;
  if (pid !== process.pid) return !isRunning(pid);
  return !inWork.has(path.replace(/(-wal|-shm|-journal)$/, ''));
}
