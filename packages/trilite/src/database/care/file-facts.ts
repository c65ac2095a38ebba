import { sizeOf } from '../../support/file-system';
import type { Connection } from '../connection';
import type { Handle } from '../connection-handle';
import { inspect } from './own-handle';
import { countRows, tableBytes, tablesOf, type RowCount, type SchemaTable } from './schema-facts';

/** A table and how much of the file it takes. */
export interface TableSummary extends SchemaTable, RowCount {
  /** With its indexes; null when it was not measured. */
  readonly bytes: number | null;
}

/** The settings in force, under the keys of config/database.ts: sizes in bytes, -1 for no limit, durations in milliseconds. */
export interface SettingsInForce {
  readonly journalMode: string;
  readonly synchronous: string;
  readonly foreignKeys: boolean;
  readonly cacheSize: number;
  readonly mmapSize: number;
  readonly autoVacuum: string;
  readonly journalSizeLimit: number;
  readonly busyTimeout: number;
}

/** What there is to know of a connection's file. */
export interface FileFacts {
  readonly bytes: number;
  readonly walBytes: number;
  readonly pageSize: number;
  readonly pageCount: number;
  /** Pages that hold nothing: the file shrinks by them when it is optimized. */
  readonly freePages: number;
  readonly encoding: string;
  readonly settings: SettingsInForce;
  readonly tables: readonly TableSummary[];
}

/** Files up to this size are measured table by table unasked: that reads every page. */
const MEASURED_BYTES = 64 * 1024 * 1024;

const SYNCHRONOUS = ['off', 'normal', 'full', 'extra'];
const AUTO_VACUUM = ['none', 'full', 'incremental'];

/**
 * What a connection's file holds and how it is set. Changes nothing.
 *
 * @param counts whether every row is counted and every table measured, however large; by default up to 100,000 rows and 64 MB.
 * @throws E_DATABASE_FILE_MISSING and whatever opening throws
 */
export function fileFacts(
  connection: Connection,
  { counts }: { readonly counts: boolean },
): Promise<FileFacts> {
  return inspect(connection, (handle) => {
    const number = (pragma: string): number => handle.pragma(pragma) as number;
    const pageSize = number('page_size');
    const pageCount = number('page_count');
    return {
      bytes: sizeOf(connection.file),
      walBytes: sizeOf(`${connection.file}-wal`),
      pageSize,
      pageCount,
      freePages: number('freelist_count'),
      encoding: String(handle.pragma('encoding')),
      settings: settingsInForce(handle, connection, pageSize),
      tables: summaries(handle, {
        counts,
        measure: counts || pageSize * pageCount <= MEASURED_BYTES,
      }),
    };
  });
}

function settingsInForce(
  handle: Handle,
  { settings }: Connection,
  pageSize: number,
): SettingsInForce {
  const number = (pragma: string): number => handle.pragma(pragma) as number;
  const cache = number('cache_size'); // negative in KiB, positive in pages
  return {
    journalMode: String(handle.pragma('journal_mode')),
    synchronous: SYNCHRONOUS[number('synchronous')] ?? '',
    foreignKeys: number('foreign_keys') === 1,
    cacheSize: cache < 0 ? -cache * 1024 : cache * pageSize,
    mmapSize: number('mmap_size'),
    autoVacuum: AUTO_VACUUM[number('auto_vacuum')] ?? '',
    journalSizeLimit: number('journal_size_limit'),
    busyTimeout: settings.busyTimeout,
  };
}

function summaries(
  handle: Handle,
  { counts, measure }: { readonly counts: boolean; readonly measure: boolean },
): TableSummary[] {
  const bytes = measure ? tableBytes(handle) : new Map<string, number>();
  return tablesOf(handle).map((table) => ({
    ...table,
    ...countRows(handle, table, counts),
    bytes: bytes.get(table.name) ?? null,
  }));
}
