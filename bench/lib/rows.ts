// What the writing benchmarks write: a row of 100 bytes under one of 10,000 keys.

const KEYS = 10_000;

let rows = 0;

/**
 * The next row of this process: its keys lie all over the table, in the same order on every run. No two bodies are the same, as SQLite
 * writes no page where a row is overwritten by itself.
 */
export function nextRow(): readonly [key: number, body: string] {
  rows += 1;
  return [(rows * 7919) % KEYS, `${process.pid}:${rows}`.padEnd(100, '.')];
}

export function createTable(table: string): string {
  return `create table if not exists ${table} (id integer primary key, body text not null);`;
}

export function upsertInto(table: string): string {
  return `insert into ${table} (id, body) values (?, ?)
    on conflict (id) do update set body = excluded.body`;
}
