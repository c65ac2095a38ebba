import { clock } from '../../support/clock';
import { isOwnerGone } from '../../support/owner';
import type { HeldLock, LockRequest, LockStore } from './lock-store';

/** Acquires between two sweeps of what has expired. */
const SWEEP_EVERY = 50;

type Entry = Omit<HeldLock, 'isAbandoned'>;

/** Locks in this process's memory, between the parts of this process alone. */
export class MemoryLockStore implements LockStore {
  readonly #entries = new Map<string, Entry>();
  #acquires = 0;

  async acquire({ names, owner, ttlMs, boundTo }: LockRequest): Promise<string | undefined> {
    this.#sweepNowAndThen();
    const name =
      names.find((one) => this.#live(one) === undefined) ??
      names.find((one) => this.#isAbandoned(one));
    if (name === undefined) return undefined;
    const now = clock.now();
    this.#entries.set(name, { name, owner, acquiredAt: now, expiresAt: now + ttlMs, boundTo });
    return name;
  }

  async release(name: string, owner: string): Promise<boolean> {
    return this.#live(name)?.owner === owner && this.#entries.delete(name);
  }

  async forceRelease(name: string): Promise<boolean> {
    const wasHeld = this.#live(name) !== undefined;
    this.#entries.delete(name);
    return wasHeld;
  }

  async refresh(name: string, owner: string, ttlMs: number): Promise<boolean> {
    const entry = this.#live(name);
    if (entry?.owner !== owner) return false;
    this.#entries.set(name, { ...entry, expiresAt: clock.now() + ttlMs });
    return true;
  }

  async held(names: readonly string[] = [...this.#entries.keys()]): Promise<HeldLock[]> {
    return [...new Set(names)].sort().flatMap((name) => {
      const entry = this.#live(name);
      return entry === undefined ? [] : [{ ...entry, isAbandoned: isAbandoned(entry) }];
    });
  }

  #live(name: string): Entry | undefined {
    const entry = this.#entries.get(name);
    return entry !== undefined && entry.expiresAt > clock.now() ? entry : undefined;
  }

  #isAbandoned(name: string): boolean {
    const entry = this.#live(name);
    return entry !== undefined && isAbandoned(entry);
  }

  #sweepNowAndThen(): void {
    this.#acquires += 1;
    if (this.#acquires % SWEEP_EVERY !== 0) return;
    for (const name of this.#entries.keys()) {
      if (this.#live(name) === undefined) this.#entries.delete(name);
    }
  }
}

function isAbandoned({ boundTo }: Entry): boolean {
  return boundTo !== undefined && isOwnerGone(boundTo);
}
