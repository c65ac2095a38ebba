/** An entry that is put. */
export interface Entry {
  readonly key: string;
  readonly value: object;
}

/** A cache that is compared. Each of its calls is awaited, be there something to wait for or not; what is put expires in an hour. */
export interface CacheSide {
  /** The value of a key that was put. */
  get(key: string): Promise<unknown>;
  put(entry: Entry): Promise<unknown>;
  /** Puts many that are asked for at once, in the way that suits this cache best. */
  putAll(entries: readonly Entry[]): Promise<unknown>;
  close(): Promise<unknown>;
}

/** A side, or why there is none. */
export type CacheSideOrReason = CacheSide | string;

/** How long what is put lives. */
export const TTL_MS = 3_600_000;
