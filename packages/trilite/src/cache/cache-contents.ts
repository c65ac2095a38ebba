import type { CacheContents, CachePrefix } from './cache-store';

/** An entry as a store goes through its entries. */
export interface ListedEntry {
  readonly key: string;
  readonly bytes: number;
  readonly writtenAt: number;
  /** Expired, or cleared by a tag, and not yet removed. */
  readonly isDead: boolean;
}

/** Sums entries up. */
export class CacheContentsBuilder {
  readonly #prefix: string;
  readonly #prefixes = new Map<string, { prefix: string; entries: number; bytes: number }>();
  #entries = 0;
  #bytes = 0;
  #dead = 0;
  #oldest = Infinity;

  /** @param prefix what every key begins with, and what is left away where entries are summed up by their own prefix */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get contents(): CacheContents {
    const bySize = (a: CachePrefix, b: CachePrefix): number => b.bytes - a.bytes;
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      dead: this.#dead,
      oldest: this.#entries === 0 ? undefined : this.#oldest,
      prefixes: [...this.#prefixes.values()].sort(bySize),
    };
  }

  add({ key, bytes, writtenAt, isDead }: ListedEntry): void {
    if (isDead) {
      this.#dead += 1;
      return;
    }
    this.#entries += 1;
    this.#bytes += bytes;
    this.#oldest = Math.min(this.#oldest, writtenAt);
    const end = key.indexOf(':', this.#prefix.length);
    const prefix = key.slice(this.#prefix.length, Math.max(end, this.#prefix.length));
    const one = this.#prefixes.get(prefix) ?? { prefix, entries: 0, bytes: 0 };
    one.entries += 1;
    one.bytes += bytes;
    this.#prefixes.set(prefix, one);
  }
}
