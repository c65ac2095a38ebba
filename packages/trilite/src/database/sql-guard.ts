import { tokensOf, type SqlToken } from './sql-tokens';

/*
 * What application SQL may not do, whoever wrote it: reach another file than its connection's. A file that is attached escapes the walls
 * between tenants and the arbitration of locks, and VACUUM INTO writes one. SQLite would ask an authorizer; better-sqlite3 offers none.
 *
 * All of these are known by their first keywords, and those by reading as SQLite does: past blanks, comments, empty statements and EXPLAIN.
 * What stands in texts, or names a table or a column, is not looked at.
 */

/** What is refused, and why. */
export interface RefusedSql {
  readonly kind: 'attach' | 'vacuum into' | 'writable_schema' | 'function';
  /** The beginning of the statement. */
  readonly words: string;
}

/** None of them goes without one of these: most SQL need not be read. */
const SUSPECT = /attach|detach|vacuum|writable_schema|load_extension/i;

/** Functions that are never called by name in honest SQL. */
const FUNCTIONS = new Set(['load_extension', 'sqlite_attach', 'sqlite_detach']);

const WORDS_LENGTH = 40;

/** The first of the statements that may not run; undefined when all may. */
export function refusedSql(sql: string): RefusedSql | undefined {
  if (!SUSPECT.test(sql)) return undefined;
  for (const statement of statementsOf(sql)) {
    const kind = kindOf(statement);
    if (kind === undefined) continue;
    const words = sql.slice(statement[0]?.start, (statement[0]?.start ?? 0) + WORDS_LENGTH).trim();
    return { kind, words };
  }
  return undefined;
}

function kindOf(statement: readonly SqlToken[]): RefusedSql['kind'] | undefined {
  const tokens = withoutExplain(statement);
  switch (keywordAt(tokens, 0)) {
    case 'attach':
    case 'detach':
      return 'attach';
    case 'vacuum':
      return tokens.some((_, index) => keywordAt(tokens, index) === 'into')
        ? 'vacuum into'
        : undefined;
    case 'pragma': {
      const name = tokens[2]?.text === '.' ? tokens[3] : tokens[1];
      return name?.text === 'writable_schema' ? 'writable_schema' : undefined;
    }
    default:
      return tokens.some((_, index) => callsRefused(tokens, index)) ? 'function' : undefined;
  }
}

function keywordAt(tokens: readonly SqlToken[], index: number): string | undefined {
  const token = tokens[index];
  return token?.isBare === true ? token.text : undefined;
}

function withoutExplain(tokens: readonly SqlToken[]): readonly SqlToken[] {
  if (keywordAt(tokens, 0) !== 'explain') return tokens;
  return tokens.slice(keywordAt(tokens, 1) === 'query' ? 3 : 1);
}

/** A function may be called by its quoted name. */
function callsRefused(tokens: readonly SqlToken[], index: number): boolean {
  const name = tokens[index]?.text;
  return name !== undefined && FUNCTIONS.has(name) && keywordAt(tokens, index + 1) === '(';
}

/** The statements of a text; a trigger's own are taken for statements as well, which changes nothing. */
function* statementsOf(sql: string): Generator<readonly SqlToken[]> {
  let statement: SqlToken[] = [];
  for (const token of tokensOf(sql)) {
    if (token.isBare && token.text === ';') {
      if (statement.length > 0) yield statement;
      statement = [];
    } else statement.push(token);
  }
  if (statement.length > 0) yield statement;
}
