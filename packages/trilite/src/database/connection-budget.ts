import { descriptorLimit } from '../support/descriptor-limit';

/** What one connection costs: a writer and a reader, each with the file, its -wal and its -shm. */
const DESCRIPTORS = 6;

/** Where the limit is not told: 256 handles' worth. Node itself raises the limit as far as it may. */
const UNKNOWN_LIMIT = 256 * 3;

const LEAST = 16;
const MOST = 4096;

/**
 * How many connections a process keeps open: half of the descriptors it may have, 6 for each; at least 16 and at most 4,096. The other half
 * is left to sockets, logs and streams.
 *
 * @param limit how many descriptors the process may have. Default: as Linux tells it, elsewhere 768
 */
export function defaultBudget(limit: number = descriptorLimit() ?? UNKNOWN_LIMIT): number {
  const half = Math.floor(limit / 2 / DESCRIPTORS);
  return Math.min(MOST, Math.max(LEAST, half));
}
