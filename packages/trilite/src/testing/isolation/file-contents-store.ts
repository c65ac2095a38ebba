import { createHash } from 'node:crypto';
import type { SqliteSettings } from '../../config/schema';
import { inspect } from '../../database/care/own-handle';
import { tablesOf } from '../../database/care/schema-facts';
import { Connection } from '../../database/connection';
import type { Handle } from '../../database/connection-handle';
import { quoted } from '../../database/quoted';

/** What a table held at a moment. */
export interface TableContents {
  /** Changes with its rows and with how it was made. */
  readonly digest: string;
  /** Every canary in it. */
  readonly canaries: ReadonlySet<string>;
}

/** What a file held at a moment, by table. */
export type FileContents = ReadonlyMap<string, TableContents>;

/** What the canaries of all tenants look like. */
const CANARY = /canary-[a-z]-[0-9a-f]{16}/g;

/** The canaries in some text. */
export function canariesIn(text: string): readonly string[] {
  return text.match(CANARY) ?? [];
}

/** Reads every row of a file through SQLite, which writes nothing to it: ordinary reads of a file that is open here would drop its locks. */
export async function readContents(name: string, settings: SqliteSettings): Promise<FileContents> {
  const connection = new Connection(name, settings);
  try {
    return await inspect(connection, (handle) => {
      // A virtual table's rows are in its shadow tables, and a view's in others
      const tables = tablesOf(handle).filter(({ type }) => type === 'table' || type === 'shadow');
      return new Map(tables.map((table) => [table.name, readTable(handle, table.name)]));
    });
  } finally {
    await connection.close();
  }
}

function readTable(handle: Handle, table: string): TableContents {
  const hash = createHash('sha256');
  const canaries = new Set<string>();
  const rows = handle.statement(`select * from ${quoted(table)}`).all() as object[];
  for (const row of rows) {
    for (const [column, value] of Object.entries(row) as [string, unknown][]) {
      const text = Buffer.isBuffer(value) ? value.toString('latin1') : String(value);
      hash.update(`${column} ${typeof value} ${text.length} ${text}\n`);
      for (const canary of canariesIn(text)) canaries.add(canary);
    }
  }
  return { digest: hash.digest('hex'), canaries };
}
