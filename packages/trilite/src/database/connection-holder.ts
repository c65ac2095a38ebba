import { monotonicMs } from '../support/clock';
import type { ConnectionFacts } from './errors';
import { readFileLocks } from './file-locks';

/** A connection with an open file, as far as others need to know it. */
export interface OpenConnection extends ConnectionFacts {
  readonly isOpen: boolean;
  /** The transaction that holds its writer, if one does. */
  readonly session: { readonly isOpen: boolean; readonly beganAt: number } | undefined;
}

/** The connections of this process that hold an open file. */
export const openConnections = new Set<OpenConnection>();

/** Who holds the write lock of a file, in words; undefined when it cannot be told. */
export async function lockHolder({ file }: ConnectionFacts): Promise<string | undefined> {
  for (const { name, file: its, session } of openConnections) {
    if (its !== file || session?.isOpen !== true) continue;
    const ageMs = Math.round(monotonicMs() - session.beganAt);
    return `a transaction of connection "${name}" in this process, begun ${ageMs} ms ago,`;
  }
  const { writers } = await readFileLocks(file);
  const others = writers.filter((pid) => pid !== process.pid);
  return others.length === 0 ? undefined : `process ${others.join(', ')}`;
}
