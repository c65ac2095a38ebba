import { execFileSync } from 'node:child_process';
import Database from 'better-sqlite3';
import { cacheMigrations } from '../../src/cache/sqlite/schema';
import { databaseSchema } from '../../src/config/schema';
import { ConnectionRegistry } from '../../src/database/connection-registry';
import { Migrator } from '../../src/database/migrations/migrator';

/** What may happen to a cache file, each by another process: this one would lose its locks by opening and closing the file. */
export const DAMAGES = [
  'overwritten with garbage',
  'overwritten with garbage but for its first page',
  'truncated',
  'emptied',
  'deleted',
  'deleted with -wal and -shm',
  'replaced by an empty file',
  'replaced by another cache file',
  'overwritten by another cache file',
  'replaced by a file of other tables',
  'replaced by a file with a table of the same name',
  'robbed of its table',
] as const;

export type Damage = (typeof DAMAGES)[number];

/** Damages a file that may be open here. */
export async function damage(file: string, how: Damage): Promise<void> {
  const other = `${file}-other`;
  const withSides = '"$1" "$1-wal" "$1-shm"';
  switch (how) {
    case 'overwritten with garbage':
      return sh('head -c 65536 /dev/urandom > "$1"', file);
    case 'overwritten with garbage but for its first page':
      return sh('head -c 65536 /dev/urandom | dd of="$1" bs=4096 seek=1 conv=notrunc', file);
    case 'truncated':
      return sh('truncate -s 6000 "$1"', file);
    case 'emptied':
      return sh('truncate -s 0 "$1"', file);
    case 'deleted':
      return sh('rm "$1"', file);
    case 'deleted with -wal and -shm':
      return sh(`rm -f ${withSides}`, file);
    case 'replaced by an empty file':
      return sh(`rm -f ${withSides}; touch "$1"`, file);
    case 'replaced by another cache file':
      await createCacheFile(other);
      return sh(`rm -f ${withSides}; mv "$1-other" "$1"`, file);
    case 'overwritten by another cache file':
      await createCacheFile(other);
      return sh('cat "$1-other" > "$1"', file);
    case 'replaced by a file of other tables':
      runSql(other, 'create table notes (text text)');
      return sh(`rm -f ${withSides}; mv "$1-other" "$1"`, file);
    case 'replaced by a file with a table of the same name':
      runSql(other, 'create table cache_entries (key text, value text, expires integer)');
      return sh(`rm -f ${withSides}; mv "$1-other" "$1"`, file);
    case 'robbed of its table':
      return runSql(file, 'drop table cache_entries');
  }
}

/** Makes a file with the tables of a cache. */
export async function createCacheFile(file: string): Promise<void> {
  const connections = new ConnectionRegistry(
    databaseSchema.parse({ default: 'cache', connections: { cache: { driver: 'sqlite', file } } }),
  );
  await new Migrator(connections, [{ connection: 'cache', migrations: cacheMigrations }]).migrate();
  await connections.close();
}

/** Runs SQL on a file, which is made when it is not there. */
export function runSql(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

function sh(script: string, file: string): void {
  execFileSync('sh', ['-c', script, 'sh', file], { stdio: 'ignore' });
}
