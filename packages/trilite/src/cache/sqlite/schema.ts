import { sql } from '../../database/lazy-kysely';
import { defineMigration, type NamedMigration } from '../../database/migrations/migration';

/*
 * The tables of a file that holds a cache, and every statement on them.
 *
 * Rows are kept in the order of their first writing, by rowid. Measured against the key as the only key (WITHOUT ROWID) and against a hash
 * of it as the rowid, on 100,000 rows: new rows 6 µs each against 22 and 20, for they are appended; reads and overwrites the same. The oldest
 * rows lie together, so that evicting them frees whole pages.
 *
 * `sweep_at` is when to look whether a row is expired, and never later than that: an overwrite that lives longer leaves it as it is, and the
 * sweep sets it anew. An index on `expires_at` itself would make every overwrite write two more pages (measured: 45 µs against 22).
 */

/** Bits of `flags`. */
export const USED = 1;
export const TAGGED = 2;
export const STALE = 4;

/** The tables of a file that holds a cache. */
export const cacheMigrations: readonly NamedMigration[] = [
  {
    name: 'trilite/cache/0001_create_cache',
    load: () =>
      defineMigration({
        async up(db) {
          // Of before 0.1.0, with other columns
          await sql`drop table if exists cache_entries`.execute(db);
          // ANY keeps text apart from blobs: text is JSON, a blob anything else.
          await sql`
            create table cache_entries (
              key text not null primary key,
              value any not null,
              expires_at integer,
              flags integer not null default 0,
              sweep_at integer,
              stale_at integer,
              written_at integer not null,
              version integer not null,
              tags text,
              stamp integer
            ) strict`.execute(db);
          await sql`create index cache_entries_sweep on cache_entries (sweep_at) where sweep_at is not null`.execute(
            db,
          );
          // When each tag was cleared last, by a clock that only clearing moves on; the clock itself is the row of the empty tag.
          await sql`
            create table cache_tags (
              tag text not null primary key,
              stamp integer not null
            ) strict, without rowid`.execute(db);
          await sql`
            create table cache_claims (
              key text not null primary key,
              owner text not null,
              until integer not null,
              version integer,
              stamp integer not null
            ) strict, without rowid`.execute(db);
          await sql`
            create table cache_counts (
              store text not null,
              name text not null,
              count integer not null,
              primary key (store, name)
            ) strict, without rowid`.execute(db);
        },
      }),
  },
];

/** Whether the row at hand was cleared by one of its tags. Only looked at for rows that have any. */
const CLEARED = `(cache_entries.flags & ${TAGGED} and exists (
  select 1 from json_each(cache_entries.tags) as own join cache_tags on cache_tags.tag = own.value
  where cache_tags.stamp > cache_entries.stamp))`;

/** Whether the row at hand is as good as none, at a moment to be bound. */
const DEAD = `(ifnull(cache_entries.expires_at <= ?, 0) or ${CLEARED})`;

export const GET = 'select value, expires_at, flags from cache_entries where key = ?';

/** Beside `GET`, for rows with flags: few have any. */
export const GET_MORE = `select stale_at, ${CLEARED} as cleared from cache_entries where key = ?`;

/** The most frequent write: neither tags nor staleness, and no new place in the index. Changes nothing where that does not suffice. */
export const PUT = `
  insert into cache_entries (key, value, expires_at, sweep_at, written_at, version)
  values (?, ?, ?, ?, ?, ?)
  on conflict (key) do update set
    value = excluded.value, expires_at = excluded.expires_at, flags = ${USED}, stale_at = null,
    written_at = excluded.written_at, version = version + 1, tags = null, stamp = null
  where sweep_at <= excluded.sweep_at or excluded.sweep_at is null`;

const PUT_WHOLE_COLUMNS = `
  insert into cache_entries (key, value, expires_at, sweep_at, written_at, version, flags, stale_at, tags, stamp)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (key) do update set
    value = excluded.value, expires_at = excluded.expires_at, sweep_at = excluded.sweep_at,
    written_at = excluded.written_at, version = version + 1, flags = excluded.flags | ${USED},
    stale_at = excluded.stale_at, tags = excluded.tags, stamp = excluded.stamp`;

export const PUT_WHOLE = PUT_WHOLE_COLUMNS;

/** Bound after the values: now. */
export const ADD = `${PUT_WHOLE_COLUMNS} where ${DEAD}`;

/**
 * One statement, so that two processes cannot both read the same number. A live value that is no number matches no row.
 * Bound: key, first, now (written), version, flags, tags, stamp; now, by, now ×5.
 */
export const INCREMENT = `
  insert into cache_entries (key, value, written_at, version, flags, tags, stamp) values (?, ?, ?, ?, ?, ?, ?)
  on conflict (key) do update set
    value = case when ${DEAD} then excluded.value else cast(value + ? as text) end,
    expires_at = case when ${DEAD} then null else expires_at end,
    flags = case when ${DEAD} then excluded.flags else flags & ~${STALE} end | ${USED},
    tags = case when ${DEAD} then excluded.tags else tags end,
    stamp = case when ${DEAD} then excluded.stamp else stamp end,
    stale_at = null, written_at = excluded.written_at, version = version + 1
  where ${DEAD} or (typeof(value) = 'text' and json_valid(value) and json_type(value) in ('integer', 'real'))
  returning value`;

/** Bound: expires_at, sweep_at twice, key, now. */
export const TOUCH = `
  update cache_entries set
    expires_at = ?, sweep_at = ?, stale_at = null, flags = flags & ~${STALE} | ${USED}, version = version + 1
  where key = ? and not ${DEAD}`;

/** Bound: key, now. */
export const PULL = `delete from cache_entries where key = ? returning value, stale_at, ${DEAD} as dead`;

/** Bound: key, now. */
export const FORGET = `delete from cache_entries where key = ? returning ${DEAD} as dead`;

export const STAMP_NOW = "select stamp from cache_tags where tag = ''";
export const STAMP_TAG = `
  insert into cache_tags (tag, stamp) values (?, ?) on conflict (tag) do update set stamp = excluded.stamp`;

/** Bound: now, key. */
export const CLAIMABLE = `
  select value, stale_at, version, ${DEAD} as dead from cache_entries where key = ?`;
export const CLAIM_OF = 'select owner, until, stamp from cache_claims where key = ?';
export const CLAIM =
  'insert or replace into cache_claims (key, owner, until, version, stamp) values (?, ?, ?, ?, ?)';
export const RENEW = 'update cache_claims set until = ? where key = ?';
export const END_CLAIM =
  'delete from cache_claims where key = ? and owner = ? returning version, stamp';
/** A claim that came too late stays, for its owner may claim again: this is the stamp of one. */
export const TOO_LATE = -1;
export const OUTDATE_CLAIM = `update cache_claims set stamp = ${TOO_LATE} where key = ?`;
export const OUTDATE_CLAIMS = `
  update cache_claims set stamp = ${TOO_LATE} where key >= ? and (? is null or key < ?)`;
/** Bound: the stamp of a claim, tags as JSON. */
export const CLEARED_SINCE = `
  select 1 from cache_tags where stamp > ? and tag in (select value from json_each(?)) limit 1`;
export const PRUNE_CLAIMS = 'delete from cache_claims where until <= ?';

/** Rows to be looked at: who is alive is to be looked at again when it expires. */
export const DUE =
  'select rowid, expires_at from cache_entries where sweep_at <= ? order by sweep_at limit ?';
export const REARM = 'update cache_entries set sweep_at = expires_at where rowid = ?';
export const REMOVE = 'delete from cache_entries where rowid = ?';

/** The oldest rows. Bound: now, limit. */
export const OLDEST = `
  select rowid, key, flags, octet_length(value) + octet_length(key) as bytes, ${DEAD} as dead
  from cache_entries order by rowid limit ?`;
/** Makes an old row the newest. */
export const REQUEUE = `
  update cache_entries set rowid = (select max(rowid) + 1 from cache_entries), flags = flags & ~${USED} where rowid = ?`;
export const MARK_USED = `update cache_entries set flags = flags | ${USED} where key = ?`;

/** Rows in the order of their keys. Bound: now, after which key, end of the range twice, limit. */
export const BY_KEY = `
  select key, octet_length(value) + octet_length(key) as bytes, written_at, ${DEAD} as dead
  from cache_entries where key > ? and (? is null or key < ?) order by key limit ?`;
export const KEYS_BELOW =
  'select rowid from cache_entries where key >= ? and (? is null or key < ?) limit ?';
/** Bound: after which rowid, limit. */
export const ROWS = `
  select rowid, stamp, ${CLEARED} as cleared from cache_entries where rowid > ? order by rowid limit ?`;
export const REMOVE_CLEARED = `delete from cache_entries where rowid = ? and ${CLEARED}`;
/** When a tag was cleared is of no interest once nothing is left that was written before. Bound: the oldest stamp of an entry, twice. */
export const PRUNE_TAGS = `
  delete from cache_tags where tag <> '' and stamp <= ? and stamp <= ifnull((select min(stamp) from cache_claims where stamp <> ${TOO_LATE}), ?)`;
export const NEWEST = 'select ifnull(max(rowid), 0) as newest from cache_entries';
export const COUNT_ROWS = 'select count(*) as count from cache_entries';

export const PAGES =
  'select page_count, freelist_count from pragma_page_count, pragma_freelist_count';
export const PAGE_BYTES = 'select page_size from pragma_page_size';
export const GIVE_BACK = 'PRAGMA incremental_vacuum(64)';

export const COUNT = `
  insert into cache_counts (store, name, count) values (?, ?, ?)
  on conflict (store, name) do update set count = count + excluded.count`;
export const COUNTS_OF = 'select name, count from cache_counts where store = ?';

/** For a memory in front of the file. */
export const GET_VERSIONED = `
  select value, expires_at, stale_at, flags, version, ${CLEARED} as cleared from cache_entries where key = ?`;
export const VERSION_OF = 'select version from cache_entries where key = ?';
/** Changes when another connection has committed, and only then. @see https://sqlite.org/pragma.html#pragma_data_version */
export const DATA_VERSION = 'PRAGMA data_version';
