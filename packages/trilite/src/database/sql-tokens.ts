/** A word, a sign, a quoted name or a text of SQL. */
export interface SqlToken {
  /** In lower case, without quotes. */
  readonly text: string;
  /** Whether it may be a keyword: it is no quoted name and no text. */
  readonly isBare: boolean;
  /** Where it begins, and where what follows it may begin. */
  readonly start: number;
  readonly end: number;
}

/** Blanks, the byte order mark among them, and comments; one that does not end goes on to the end. */
const BLANKS = /(?:\s+|--[^\n]*|\/\*[^]*?(?:\*\/|$))*/y;

const WORD = /[\w$\u0080-\uffff]+/y;

/** What is between quotes, up to the one that ends it: doubled, a quote stands for itself. */
const QUOTED: ReadonlyMap<string, RegExp> = new Map([
  ["'", /'((?:[^']|'')*)(?:'|$)/y],
  ['"', /"((?:[^"]|"")*)(?:"|$)/y],
  ['`', /`((?:[^`]|``)*)(?:`|$)/y],
  ['[', /\[([^\]]*)(?:\]|$)/y],
]);

/**
 * The tokens of an SQL text, read as SQLite reads them: past blanks and comments. What is no SQL at all comes out in some way; SQLite refuses it.
 *
 * @see https://sqlite.org/lang_keywords.html which quotes SQLite knows
 */
export function* tokensOf(sql: string): Generator<SqlToken> {
  for (let at = endOf(BLANKS, sql, 0); at < sql.length; at = endOf(BLANKS, sql, at)) {
    const start = at;
    const quote = sql[start] as string;
    const quoted = QUOTED.get(quote);
    if (quoted === undefined) {
      at = Math.max(start + 1, endOf(WORD, sql, start));
      yield { text: sql.slice(start, at).toLowerCase(), isBare: true, start, end: at };
    } else {
      quoted.lastIndex = start;
      const inner = quoted.exec(sql)?.[1] ?? '';
      at = Math.max(start + 1, quoted.lastIndex);
      const text = inner.replaceAll(quote + quote, quote).toLowerCase();
      yield { text, isBare: false, start, end: at };
    }
  }
}

/** Where a match that begins at a place ends; that place when there is none. */
function endOf(pattern: RegExp, sql: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.test(sql) ? pattern.lastIndex : start;
}
