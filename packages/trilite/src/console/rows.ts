import type { RowCount } from '../database/care/schema-facts';

/** A number of rows as a person reads it. */
export function rowsOf({ rows, isExact }: RowCount): string {
  if (rows === null) return 'rows not counted';
  if (!isExact) return `more than ${rows} rows`;
  return rows === 1 ? '1 row' : `${rows} rows`;
}
