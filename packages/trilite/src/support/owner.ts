import { readFileSync, readlinkSync } from 'node:fs';
import { newId } from './id';

/*
 * Who holds a job or a lock: boot id, pid namespace, pid, start time of the process, and a random part for each holder in it.
 *
 * A pid alone proves nothing: it is used again after a crash, and means another process in another container or after a reboot. Only an
 * owner of this very boot and namespace can be judged gone; of any other, the lease or the ttl decides.
 */

interface Origin {
  readonly bootId: string;
  readonly pidNamespace: string;
}

let cachedOrigin: Origin | undefined;
let cachedProcess: string | undefined;

/** A name for a new holder in this process. */
export function newOwner(): string {
  return `${thisProcess()}/${newId()}`;
}

/** The name of this process: what the owners it makes begin with. Can be judged as they can. */
export function thisProcess(): string {
  const { bootId, pidNamespace } = origin();
  cachedProcess ??= [bootId, pidNamespace, process.pid, startTime(process.pid) ?? ''].join('/');
  return cachedProcess;
}

/** Tells whether an owner is known to be dead. Never true of one that may live: on another machine, or where /proc is not there. */
export function isOwnerGone(owner: string): boolean {
  const [, , pid, started = ''] = owner.split('/');
  if (!isOfHere(owner) || started === '') return false;
  return startTime(Number(pid)) !== started;
}

/** The pid of an owner's process; undefined when that is on another machine or in another container, or nobody can tell. */
export function pidOfOwner(owner: string): number | undefined {
  return isOfHere(owner) ? Number(owner.split('/')[2]) : undefined;
}

function isOfHere(owner: string): boolean {
  const [bootId, pidNamespace, pid] = owner.split('/');
  const here = origin();
  const isKnown = here.bootId !== '' && bootId === here.bootId;
  return isKnown && pidNamespace === here.pidNamespace && /^\d+$/.test(pid ?? '');
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
