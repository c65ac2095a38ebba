import type { Lock } from '../../cache/locks/lock';
import type { Locks } from '../../cache/locks/locks';
import type { Output } from '../output';
import { holderText } from '../holder-text';

/**
 * How long a lock lasts that is not renewed: work that blocks the event loop for so long, or a machine that sleeps, loses it. On the same
 * machine it comes free with the process, so it may be long; only behind a container or machine that died is it waited for.
 */
const TTL = '15m';
const RENEW_MS = 20_000;

/** What keeping other runs of a command out takes. */
export interface IsolationParts {
  readonly command: string;
  readonly locks: Locks;
  readonly output: Output;
  /** What a run that finds another one comes to. */
  readonly exitCode: number;
}

/**
 * Runs a command while no other run of it goes on, in any process; else says who is in the way.
 *
 * The lock is renewed for as long as the work takes, and is free when it ends, or when its process is gone.
 *
 * @returns the exit code
 */
export async function runAlone(
  { command, locks, output, exitCode }: IsolationParts,
  work: () => Promise<number>,
): Promise<number> {
  // What migrates makes the place of locks. Each migration is a lock by itself: two that make it at once do no harm
  if (/^migrate(:|$)/.test(command) && !(await canLock(locks))) return work();
  const name = `command:${command}`;
  const code = await locks.lock(name, TTL).get(async (lock) => {
    const stopRenewing = renew(lock, () =>
      output.warn(`The lock "${name}" was taken away: another run may go on beside this one.`),
    );
    try {
      return await work();
    } finally {
      stopRenewing();
    }
  });
  if (code !== false) return code;
  const held = (await locks.held()).find((one) => one.name === name);
  const who = held?.boundTo === undefined ? '' : ` (${holderText(held.boundTo)})`;
  output.warn(`Another run of "${command}" goes on${who}. Nothing was done.`);
  return exitCode;
}

async function canLock(locks: Locks): Promise<boolean> {
  try {
    await locks.held();
    return true;
  } catch {
    return false;
  }
}

/** Has a lock last until it is told otherwise. Tells once when it was lost. */
function renew(lock: Lock, tellLost: () => void): () => void {
  const timer = setInterval(() => {
    lock.refresh().then(
      (isHeld) => {
        if (isHeld) return;
        clearInterval(timer);
        tellLost();
      },
      () => undefined, // the next one comes before the lock has ended
    );
  }, RENEW_MS).unref();
  return () => clearInterval(timer);
}
