import { readFileSync, readlinkSync } from 'node:fs';
import { newId } from '../support/id';

/*
 * Who holds a job: boot id, pid namespace, pid, start time of the process, and a random part for each worker.
 *
 * A pid alone proves nothing: it is used again after a crash, and means another process in another container or after a reboot. Only an
 * owner of this very boot and namespace can be judged gone; of any other, the lease decides.
 */

interface Origin {
  readonly bootId: string;
  readonly pidNamespace: string;
}

let cachedOrigin: Origin | undefined;

/** A name for a new worker of this process. */
export function newOwner(): string {
  const { bootId, pidNamespace } = origin();
  return [bootId, pidNamespace, process.pid, startTime(process.pid) ?? '', newId()].join('/');
}

/** Tells whether an owner is known to be dead. Never true of one that may live: on another machine, or where /proc is not there. */
export function isOwnerGone(owner: string): boolean {
  const [bootId, pidNamespace, pid, started] = owner.split('/');
  const here = origin();
  if (
    here.bootId === '' ||
    bootId !== here.bootId ||
    pidNamespace !== here.pidNamespace ||
    started === ''
  ) {
    return false;
  }
  return startTime(Number(pid)) !== started;
}

function origin(): Origin {
  cachedOrigin ??= {
    bootId: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '',
    pidNamespace: attempt(() => readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')) ?? '',
  };
  return cachedOrigin;
}

/** When a process started, in clock ticks since boot; undefined when there is none, or when it is dead and not yet reaped. */
function startTime(pid: number): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === undefined) return undefined;
  // The second field is the command in parentheses, which may itself hold spaces and parentheses.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : fields[18];
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
