import type { CacheCounts } from './cache-store';

/** The names of the counts, in the order they are shown. */
export const COUNTS = ['hits', 'misses', 'writes', 'forgets', 'evictions', 'errors'] as const;

/** Counts that nothing has happened to. */
export const noCounts = (): Record<keyof CacheCounts, number> => ({
  hits: 0,
  misses: 0,
  writes: 0,
  forgets: 0,
  evictions: 0,
  errors: 0,
});
