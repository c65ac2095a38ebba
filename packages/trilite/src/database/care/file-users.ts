import { readdirSync } from 'node:fs';
import { fileLocks, placeOf, realPath } from '../file-locks';

/**
 * The processes that have a file open, this one included, in order of their pids: by its locks, and by the descriptors this user may see.
 * Empty where /proc is not there.
 */
export function fileUsers(path: string): number[] {
  const file = realPath(path);
  const pids = new Set(fileLocks(file).openers);
  const places = [file, `${file}-wal`, `${file}-shm`].flatMap((one) => placeOf(one) ?? []);
  if (places.length === 0) return [];
  for (const pid of processes()) {
    if (!pids.has(pid) && hasOpen(pid, places)) pids.add(pid);
  }
  return [...pids].sort((a, b) => a - b);
}

function processes(): number[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function hasOpen(pid: number, places: readonly string[]): boolean {
  return namesIn(`/proc/${pid}/fd`).some((fd) => {
    try {
      return places.includes(placeOf(`/proc/${pid}/fd/${fd}`) ?? '');
    } catch {
      return false; // closed meanwhile
    }
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // another user's process, one that has ended, or no /proc
  }
}
