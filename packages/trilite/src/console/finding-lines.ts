import type { ForeignKeyViolation } from '../database/care/integrity';

/** What is wrong with rows, as a sentence. */
export function violationLine({ table, parent, rows }: ForeignKeyViolation): string {
  if (rows === 0) return `"${table}" refers to columns of "${parent}" that are no key of it.`;
  return `${rows} row${rows > 1 ? 's' : ''} of "${table}" refer${rows > 1 ? '' : 's'} to rows of "${parent}" that are not there.`;
}
