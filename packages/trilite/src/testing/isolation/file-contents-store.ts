import { createHash } from 'node:crypto';
import type { SqliteSettings } from '../../config/schema';
import { inspect } from '../../database/care/own-handle';
import { tablesOf } from '../../database/care/schema-facts';
import { Connection } from '../../database/connection';
import type { Handle } from '../../database/connection-handle';
import { quoted } from '../../database/quoted';
import { oneOwner, type OwnerOfRow, type OwnersOfTables, type Row } from './row-owner-store';

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

/**
 * Reads every row of a file through SQLite, which writes nothing to it: ordinary reads of a file that is open here would drop its locks.
 *
 * @param owners who says whose rows are; by default all of them are one's
 * @returns what each has in the file, by its id
 */
export async function readContents(
  name: string,
  settings: SqliteSettings,
  owners: OwnersOfTables = oneOwner,
): Promise<ReadonlyMap<string, FileContents>> {
  const connection = new Connection(name, settings);
  try {
    return await inspect(connection, (handle) => {
      const contents = new Map<string, Map<string, TableContents>>();
      const ownerIn = owners(handle);
      for (const table of tablesOf(handle)) {
        // A virtual table's rows are in its shadow tables, and a view's in others
        const isRead = table.type === 'table' || table.type === 'shadow';
        const ownerOf = isRead ? ownerIn(table) : undefined;
        if (ownerOf === undefined) continue;
        for (const [owner, rows] of rowsOf(handle, table.name, ownerOf)) {
          const files = contents.get(owner) ?? new Map<string, TableContents>();
          contents.set(owner, files.set(table.name, contentsOf(rows)));
        }
      }
      return contents;
    });
  } finally {
    await connection.close();
  }
}

/** The rows of a table by whose they are. Of the application there may be none, which is told from a table that is not there. */
function rowsOf(handle: Handle, table: string, ownerOf: OwnerOfRow): ReadonlyMap<string, Row[]> {
  const groups = new Map<string, Row[]>([['', []]]);
  for (const row of handle.statement(`select * from ${quoted(table)}`).all() as Row[]) {
    const owner = ownerOf(row);
    if (owner === undefined) continue;
    const group = groups.get(owner);
    if (group === undefined) groups.set(owner, [row]);
    else group.push(row);
  }
  return groups;
}

function contentsOf(rows: readonly Row[]): TableContents {
  const hash = createHash('sha256');
  const canaries = new Set<string>();
  for (const row of rows) {
    for (const [column, value] of Object.entries(row)) {
      const text = Buffer.isBuffer(value) ? value.toString('latin1') : String(value);
      hash.update(`${column} ${typeof value} ${text.length} ${text}\n`);
      for (const canary of canariesIn(text)) canaries.add(canary);
    }
  }
  return { digest: hash.digest('hex'), canaries };
}
