import { readFileSync } from 'node:fs';

/** How many files this process may have open; undefined where that is not told. */
export function descriptorLimit(): number | undefined {
  const [, soft] = /^Max open files +(\d+|unlimited)/m.exec(readLimits()) ?? [];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Infinity : Number(soft);
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return ''; // not Linux
  }
}
