/** A row of a file, by the names of its first line, and the line it begins on. */
export interface CsvRow {
  readonly line: number;
  readonly values: Readonly<Record<string, string>>;
}

/** A field, quoted or not, and what ends it. A quoted one may hold line breaks, and quotes that are written twice. */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

/** Beyond these a small file would be a large thing in memory, for every organisation to wait for. */
const MOST_COLUMNS = 50;
const MOST_ROWS = 5000;

/**
 * Reads a file of values that are separated by commas, with the names of the columns in its first line. Lines without a value are left out.
 *
 * @throws SyntaxError which names the line
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export function parseCsv(text: string): CsvRow[] {
  const [head, ...records] = recordsOf(text.replace(/^\uFEFF/, ''));
  const names = head?.fields.map((name) => name.trim().toLowerCase()) ?? [];
  if (names.length > MOST_COLUMNS) {
    throw new SyntaxError(`Line 1 names over ${MOST_COLUMNS} columns.`);
  }
  if (records.length > MOST_ROWS) throw new SyntaxError(`There are over ${MOST_ROWS} rows.`);
  return records.map(({ line, fields }) => ({
    line,
    values: Object.fromEntries(names.map((name, index) => [name, fields[index]?.trim() ?? ''])),
  }));
}

interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

function recordsOf(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let fields: string[] = [];
  let [line, at, first] = [1, 0, 1];
  while (at < text.length || fields.length > 0) {
    FIELD.lastIndex = at;
    const match = FIELD.exec(text);
    if (match === null) throw new SyntaxError(`Line ${line} has a quote that does not fit.`);
    const [whole, quoted, plain = '', end] = match;
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    line += whole.split('\n').length - 1;
    at += whole.length;
    if (end === ',') continue;
    if (fields.some((field) => field.trim() !== '')) records.push({ line: first, fields });
    fields = [];
    first = line;
  }
  return records;
}
