import { statSync } from 'node:fs';
import type { SqliteSettings } from '../../config/schema';
import { errorCode, messageOf, toError } from '../../support/errors';
import { Handle } from '../connection-handle';
import type { ConnectionFacts } from '../errors';

/** Rows that refer to rows which are not there. */
export interface ForeignKeyViolation {
  readonly table: string;
  readonly parent: string;
  readonly rows: number;
}

/** What a check of a file has found. */
export interface FileFindings {
  /** What SQLite says of damage, a sentence each; empty when every page is whole. */
  readonly problems: readonly string[];
  /** No damage of the file: the data were written so. */
  readonly violations: readonly ForeignKeyViolation[];
}

/** How a handle is checked. */
export interface CheckOptions {
  /** Whether to leave out that each index holds what its table does: much faster. Default: false. */
  readonly quick?: boolean;
}

/**
 * Opens a file that nobody else has open, makes one file of it (no -wal), and reads every page of it. Blocks until it is done.
 *
 * @throws what SQLite throws for other reasons than damage: a full disk, an input or output error
 */
export function verifyFile(facts: ConnectionFacts, settings: SqliteSettings): FileFindings {
  // SQLite takes an empty file for a new database: as a backup it would replace everything by nothing.
  if (statSync(facts.file).size === 0) return damaged('The file is empty.');
  let handle: Handle | undefined;
  try {
    handle = openAlone(facts, settings);
    return checkHandle(handle);
  } catch (error) {
    return damaged(damageIn(error));
  } finally {
    handle?.close();
  }
}

/** Checks what a handle is open on. Blocks until it is done. */
export function checkHandle(handle: Handle, { quick = false }: CheckOptions = {}): FileFindings {
  try {
    const rows = handle.statement(`PRAGMA ${quick ? 'quick_check' : 'integrity_check'}`).all();
    const problems = rows.flatMap((row) => Object.values(row as Record<string, string>));
    if (problems.join() !== 'ok') return { problems, violations: [] };
  } catch (error) {
    return damaged(damageIn(error));
  }
  return checkForeignKeys(handle);
}

/** Opens a file as one whole, with a rollback journal: it fails with SQLITE_BUSY while another handle has it open in WAL mode. */
export function openAlone({ name, file }: ConnectionFacts, settings: SqliteSettings): Handle {
  return new Handle(
    { name, file },
    {
      ...settings,
      file,
      journalMode: 'delete',
      synchronous: 'full',
      readOnly: false,
      mmapSize: 0,
      pragmas: {},
    },
  );
}

function checkForeignKeys(handle: Handle): FileFindings {
  try {
    const violations = handle
      .statement(
        `select "table", parent, count(*) as rows from pragma_foreign_key_check
         group by "table", parent order by "table", parent`,
      )
      .all() as ForeignKeyViolation[];
    return { problems: [], violations };
  } catch (error) {
    // A key that refers to what is no key is told by an error, and then nothing can be counted.
    if (errorCode(error) !== 'SQLITE_ERROR') throw error;
    const [, table = '?', parent = '?'] = /"(.*)" referencing "(.*)"/.exec(textOf(error)) ?? [];
    return { problems: [], violations: [{ table, parent, rows: 0 }] };
  }
}

function damaged(problem: string): FileFindings {
  return { problems: [problem], violations: [] };
}

function damageIn(error: unknown): string {
  const code = errorCode(error) ?? '';
  if (code === 'SQLITE_NOTADB') return 'The file is no SQLite database.';
  if (code === 'SQLITE_ERROR' || /^SQLITE_CORRUPT(_|$)/.test(code)) return textOf(error);
  throw error;
}

function textOf(error: unknown): string {
  return messageOf(toError(error));
}
