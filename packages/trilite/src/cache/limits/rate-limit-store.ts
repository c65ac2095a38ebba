/** A window of time, and how much of it is used. Times are epoch milliseconds. */
export interface RateWindow {
  readonly key: string;
  readonly hits: number;
  /** When it ends: from that millisecond on it is as good as none. */
  readonly resetsAt: number;
}

/** One hit, to be counted if there is room for it. */
export interface RateClaim {
  readonly key: string;
  /** Hits a window has room for. */
  readonly max: number;
  /** Whole milliseconds a window lasts, from its first hit. */
  readonly windowMs: number;
}

/** How a claim ended, or several at once. */
export interface RateVerdict {
  readonly isAllowed: boolean;
  /** The open windows of the claims, after it; one that was refused may have none. */
  readonly windows: readonly RateWindow[];
}

/**
 * What a driver of rate limits does: count hits in fixed windows. A window begins with its first hit, and its end does not move.
 *
 * Each method is atomic across processes that share the store. Windows that nobody asks for again do not pile up: those that have ended are
 * removed now and then.
 */
export interface RateLimitStore {
  /** Counts one hit in every window if each has room for it; otherwise in none. No two claims have the same key. */
  take(claims: readonly RateClaim[]): Promise<RateVerdict>;

  /** Counts hits, whatever the limit; returns the window after it. */
  hit(key: string, windowMs: number, by: number): Promise<RateWindow>;

  /** The open window of a key, or undefined. */
  find(key: string): Promise<RateWindow | undefined>;

  /** Forgets a window; tells whether there was an open one. */
  clear(key: string): Promise<boolean>;
}
