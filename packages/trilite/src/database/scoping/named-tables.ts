import type { SqlToken } from '../sql-tokens';

/** What a name of a table stands behind. */
const BEFORE_TABLE = new Set(['from', 'join', 'into', 'update', 'in']);

/** What ends the list of tables behind FROM: a comma is one of other things then. */
const AFTER_TABLES = new Set([
  'where',
  'group',
  'having',
  'window',
  'order',
  'limit',
  'union',
  'intersect',
  'except',
  'returning',
  'set',
  'select',
  'values',
]);

/**
 * What an SQL text names where a table is meant, in lower case: not columns, nor what a table is called by in it. The name of a common table
 * expression is one, too.
 */
export function* namedTables(tokens: readonly SqlToken[]): Generator<string> {
  // Whether a comma stands between tables, for each bracket that is open
  const inList = [false];
  let opener = '';
  for (let at = 0; at < tokens.length; at += 1) {
    const { text, isBare } = tokens[at] as SqlToken;
    if (isBare && text === '(') {
      // What is in the brackets behind IN are values
      inList.push(opener !== '' && opener !== 'in');
      if (opener === 'in') opener = '';
    } else if (isBare && text === ')') {
      if (inList.length > 1) inList.pop();
      opener = '';
    } else if (isBare && text === ',') {
      opener = inList.at(-1) === true ? 'from' : '';
    } else if (isBare && BEFORE_TABLE.has(text)) {
      opener = text;
      if (text === 'from') inList[inList.length - 1] = true;
      if (text === 'update' && tokens[at + 1]?.text === 'or') at += 2;
    } else if (isBare && AFTER_TABLES.has(text)) {
      inList[inList.length - 1] = false;
      opener = '';
    } else if (opener !== '' && tokens[at + 1]?.text === '.') {
      at += 1; // it is a schema
    } else if (opener !== '') {
      opener = '';
      yield text;
    }
  }
}
