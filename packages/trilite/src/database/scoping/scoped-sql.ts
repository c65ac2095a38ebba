import { quoted } from '../quoted';
import { tokensOf, type SqlToken } from '../sql-tokens';
import { CURRENT_TENANT } from './current-tenant';
import { TenantSqlError } from './errors';
import { namedTables } from './named-tables';
import { TENANT_COLUMN, type TenantCatalogue, type TenantTable } from './tenant-tables';

/*
 * What the application asks of a table of tenants, as SQLite has to be asked for it.
 *
 * Reads stay as they are: they read the view. A view can be written to by triggers, but these know no upsert, no generated id, no RETURNING of
 * what was stored and no count of changed rows; so a write is turned to the table behind it, under the name it was meant for:
 *
 *   insert into posts (slug) values (?) on conflict (slug) do …
 *   ──▶ insert into "posts_all" as posts (slug) values (?) on conflict ("tenant_id", slug) do …
 *   update posts set … where … returning *
 *   ──▶ update "posts_all" as posts set … where posts."tenant_id" = current_tenant() and (…) returning "id", "slug"
 *
 * None of this is the wall: what is turned in a wrong way, or not at all, meets the triggers of the table, or is a write to a view, which fails.
 * That nobody reads the table itself is seen to here: its name is refused, however it is quoted, and wherever it stands. So are, in the work
 * of a tenant, the tables of the framework, and what would reach the whole file or the handle that all use.
 */

/** The part of a text that another one takes the place of. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A statement that writes, by its tokens. */
interface Write {
  readonly verb: 'insert' | 'update' | 'delete';
  readonly table: TenantTable;
  /** What the statement calls the table, as SQL writes it. */
  readonly alias: string;
  /** Where the table stands, and its alias if it has one. */
  readonly first: number;
  readonly last: number;
}

const VERBS = new Set(['insert', 'replace', 'update', 'delete', 'select', 'values']);

/** What changes tables: no tenant's affair. */
const SCHEMA_WORDS = new Set(['create', 'drop', 'alter']);

/** What cares for the file, or changes the handle. */
const CARE_WORDS = new Set(['pragma', 'analyze', 'reindex', 'vacuum']);

const BEFORE_STATEMENT = new Set([';', 'explain', 'query', 'plan']);

/** Pragmas that say what tables are like, and set nothing. */
const SCHEMA_PRAGMAS = /^(table_(x?info|list)|index_(x?info|list)|foreign_key_list)$/;

/** Whose SQL it is. */
export interface SqlScope {
  /** Whether it is asked in the work of a tenant. */
  readonly isOfTenant: boolean;
}

/**
 * An SQL text as SQLite has to be asked.
 *
 * @throws E_TENANT_SQL when it names a table that holds the rows of all tenants, or changes tables
 */
export function scopedSql(
  sql: string,
  { tables, guarded, framework }: TenantCatalogue,
  { isOfTenant }: SqlScope,
): string {
  const tokens = [...tokensOf(sql)];
  refuseSchemaChange(tokens);
  if (isOfTenant) {
    refuseCare(tokens);
    refuseFramework(tokens, framework);
  }
  if (guarded.size === 0) return sql;
  refuseGuarded(sql, tokens, guarded);
  const depths = depthsOf(tokens);
  const write = writeOf(sql, tokens, depths, tables);
  if (write === undefined) return sql;
  const outer = tokens.map((token, index) => ({ ...token, depth: depths[index] as number }));
  return edited(sql, editsOf(sql, outer, write));
}

type OuterToken = SqlToken & { readonly depth: number };

function refuseSchemaChange(tokens: readonly SqlToken[]): void {
  const word = wordAt(tokens, beginOf(tokens));
  if (word !== undefined && SCHEMA_WORDS.has(word)) throw TenantSqlError.schema(word);
}

function refuseCare(tokens: readonly SqlToken[]): void {
  const begin = beginOf(tokens);
  const word = wordAt(tokens, begin);
  if (word === undefined || !CARE_WORDS.has(word)) return;
  const pragma = tokens[begin + (tokens[begin + 2]?.text === '.' ? 3 : 1)]?.text ?? '';
  if (word !== 'pragma' || !SCHEMA_PRAGMAS.test(pragma)) throw TenantSqlError.care(word);
}

function refuseFramework(tokens: readonly SqlToken[], framework: ReadonlySet<string>): void {
  for (const table of namedTables(tokens)) {
    if (framework.has(table)) throw TenantSqlError.ofFramework(table);
  }
}

function refuseGuarded(
  sql: string,
  tokens: readonly SqlToken[],
  guarded: ReadonlySet<string>,
): void {
  // A parameter may be called like it
  const isParameter = ({ start }: SqlToken): boolean => /[:@]/.test(sql[start - 1] ?? '');
  const found = tokens.find((token) => guarded.has(token.text) && !isParameter(token));
  if (found !== undefined) throw TenantSqlError.naming(found.text);
}

/** How many brackets are open at each token. */
function depthsOf(tokens: readonly SqlToken[]): number[] {
  let depth = 0;
  return tokens.map(({ text, isBare }) => {
    if (isBare && text === ')') depth -= 1;
    const own = depth;
    if (isBare && text === '(') depth += 1;
    return own;
  });
}

function writeOf(
  sql: string,
  tokens: readonly SqlToken[],
  depths: readonly number[],
  tables: TenantCatalogue['tables'],
): Write | undefined {
  const at = tokens.findIndex(
    ({ text, isBare }, index) => isBare && depths[index] === 0 && VERBS.has(text),
  );
  const verb = tokens[at]?.text;
  if (verb === undefined || verb === 'select' || verb === 'values') return undefined;
  let first = at + 1;
  if (wordAt(tokens, first) === 'or') first += 2;
  if (['into', 'from'].includes(wordAt(tokens, first) ?? '')) first += 1;
  let last = first;
  if (wordAt(tokens, last + 1) === '.') {
    if (tokens[last]?.text !== 'main') return undefined;
    last += 2;
  }
  const target = tokens[last];
  const table = target && tables.get(target.text);
  if (table === undefined) return undefined;
  const isNamed = wordAt(tokens, last + 1) === 'as';
  const alias = tokens[isNamed ? last + 2 : last] as SqlToken;
  return {
    verb: verb === 'replace' ? 'insert' : (verb as Write['verb']),
    table,
    alias: sql.slice(alias.start, alias.end),
    first,
    last: isNamed ? last + 2 : last,
  };
}

function editsOf(sql: string, tokens: readonly OuterToken[], write: Write): Edit[] {
  const { table, alias, first, last, verb } = write;
  const [from, to] = [tokens[first] as OuterToken, tokens[last] as OuterToken];
  const target = { start: from.start, end: to.end, text: `${quoted(table.base)} as ${alias}` };
  const rest = tokens.slice(last + 1);
  const returning = rest.findIndex((token) => isOuter(token, 'returning'));
  const body = returning < 0 ? rest : rest.slice(0, returning);
  return [
    target,
    ...(verb === 'insert' ? insertEdits(body, write, to.end) : scopeEdits(sql, rest, write)),
    ...(returning < 0 ? [] : returningEdits(rest.slice(returning), write)),
  ];
}

/** The columns that are meant when none are named, and the tenant in what rows are to be unique by. */
function insertEdits(body: readonly OuterToken[], { table }: Write, afterTarget: number): Edit[] {
  const edits: Edit[] = [];
  const [next] = body;
  if (next !== undefined && next.text !== '(' && next.text !== 'default') {
    const text = ` (${table.writtenColumns.map(quoted).join(', ')})`;
    edits.push({ start: afterTarget, end: afterTarget, text });
  }
  body.forEach((token, index) => {
    const [on, open] = [body[index - 1], body[index + 1]];
    if (!isOuter(token, 'conflict') || on?.text !== 'on' || open?.text !== '(') return;
    const close = body.findIndex((one, at) => at > index && isOuter(one, ')'));
    const columns = body.slice(index + 2, close).map(({ text }) => text);
    const isByRowid = columns.length === 1 && columns[0] === table.rowidColumn;
    if (isByRowid || columns.includes(TENANT_COLUMN)) return;
    edits.push({ start: open.end, end: open.end, text: `${quoted(TENANT_COLUMN)}, ` });
  });
  return edits;
}

/** The rows that are meant: those of the tenant. The triggers would stop at the first one of another. */
function scopeEdits(sql: string, rest: readonly OuterToken[], { alias }: Write): Edit[] {
  const scope = `${alias}.${quoted(TENANT_COLUMN)} = ${CURRENT_TENANT}()`;
  const where = rest.findIndex((token) => isOuter(token, 'where'));
  const ends = ['returning', 'order', 'limit', ';'];
  const end = rest.find((token, at) => at > where && ends.some((word) => isOuter(token, word)));
  const lastEnd = end === undefined ? (rest.at(-1)?.end ?? sql.length) : end.start;
  if (where < 0) {
    return [{ start: lastEnd, end: lastEnd, text: ` where ${scope} ` }];
  }
  const { end: afterWhere } = rest[where] as OuterToken;
  return [
    { start: afterWhere, end: afterWhere, text: ` ${scope} and (` },
    { start: lastEnd, end: lastEnd, text: ') ' },
  ];
}

/** What the view shows, in the place of what the table has; and the name of the table, the only one that is known there. */
function returningEdits(rest: readonly OuterToken[], { table, alias }: Write): Edit[] {
  const name = [...tokensOf(alias)][0]?.text;
  return rest.flatMap((token, index) => {
    const before = rest[index - 1];
    if (isOuter(token, '*') && (before?.text === 'returning' || before?.text === ',')) {
      return [{ ...token, text: table.columns.map(quoted).join(', ') }];
    }
    const isQualifier = token.text === name && rest[index + 1]?.text === '.';
    return isQualifier ? [{ ...token, text: quoted(table.base) }] : [];
  });
}

function edited(sql: string, edits: readonly Edit[]): string {
  let text = '';
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    text += sql.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return text + sql.slice(at);
}

/** Where the statement begins: behind empty ones, and EXPLAIN, which does not keep every pragma from being set. */
function beginOf(tokens: readonly SqlToken[]): number {
  return tokens.findIndex(({ text, isBare }) => !isBare || !BEFORE_STATEMENT.has(text));
}

function wordAt(tokens: readonly SqlToken[], index: number): string | undefined {
  const token = tokens[index];
  return token?.isBare === true ? token.text : undefined;
}

function isOuter({ text, isBare, depth }: OuterToken, word: string): boolean {
  return isBare && depth === 0 && text === word;
}
