import { clock } from '../../support/clock';
import { CacheContentsBuilder } from '../cache-contents';
import type { CacheContents } from '../cache-store';
import * as scripts from './redis-cache-scripts';
import type { RedisConnection } from './redis-connection';
import type { RedisKeys } from './redis-keys';

/*
 * What goes through many entries: piece by piece, for the server does nothing else meanwhile. The server goes through the keys of everybody
 * who shares it, and may show one twice.
 */

/** Keys the server looks at for one piece. */
const PIECE = 500;

/** Where a cache lies. */
export interface RedisCachePlace {
  readonly connection: RedisConnection;
  readonly keys: RedisKeys;
}

/** Removes the entries whose keys begin with a prefix, and outdates the claims on them. */
export async function removeBelow(place: RedisCachePlace, prefix: string): Promise<void> {
  const { connection, keys } = place;
  for await (const claims of scan(place, keys.claim(prefix))) {
    await connection.run(scripts.OUTDATE, [keys.tags, ...claims]);
  }
  for await (const entries of scan(place, keys.entry(prefix))) {
    await connection.send('UNLINK', ...entries);
  }
}

/** Removes dead entries, and then the tags that nothing is left of. @returns how many entries */
export async function pruneDead(place: RedisCachePlace): Promise<number> {
  const { connection, keys } = place;
  const stamp = (await connection.send('HGET', keys.tags, 'clock')) as Buffer | null;
  let removed = 0;
  for await (const entries of scan(place, keys.entry(''))) {
    const swept = await connection.run(scripts.SWEEP, [keys.tags, ...entries], [clock.now()]);
    removed += swept as number;
  }
  if (stamp !== null) await trimTags(place, stamp);
  return removed;
}

/** @param stamp what was cleared up to then has killed whatever it could */
async function trimTags({ connection, keys }: RedisCachePlace, stamp: Buffer): Promise<void> {
  let cursor: Buffer | string = '0';
  do {
    const scanned = connection.send('HSCAN', keys.tags, cursor, 'MATCH', 't:*', 'COUNT', PIECE);
    const [next, pairs] = (await scanned) as [Buffer, Buffer[]];
    const fields = pairs.filter((_, index) => index % 2 === 0);
    await connection.run(scripts.TRIM_TAGS, [keys.tags], [clock.now(), stamp, ...fields]);
    cursor = next;
  } while (cursor.toString() !== '0');
}

/** What lies below a prefix. */
export async function contentsBelow(
  place: RedisCachePlace,
  prefix: string,
): Promise<CacheContents> {
  const { connection, keys } = place;
  const found = new CacheContentsBuilder(prefix);
  const start = Buffer.byteLength(keys.entry(''));
  for await (const entries of scan(place, keys.entry(prefix))) {
    const listed = await connection.run(scripts.LIST, [keys.tags, ...entries], [clock.now()]);
    for (const [index, entry] of (listed as (Listed | null)[]).entries()) {
      const key = entries[index]?.subarray(start);
      if (key === undefined || entry === null) continue;
      const [bytes, writtenAt, dead] = entry;
      const size = bytes + key.length;
      found.add({ key: key.toString(), bytes: size, writtenAt, isDead: dead === 1 });
    }
  }
  return found.contents;
}

type Listed = readonly [bytes: number, writtenAt: number, dead: 0 | 1];

/** Keys that begin with a text, a piece at a time. */
async function* scan({ connection }: RedisCachePlace, start: string): AsyncGenerator<Buffer[]> {
  const pattern = `${start.replace(/[\\*?[\]]/g, '\\$&')}*`;
  let cursor: Buffer | string = '0';
  do {
    const scanned = connection.send('SCAN', cursor, 'MATCH', pattern, 'COUNT', PIECE);
    const [next, found] = (await scanned) as [Buffer, Buffer[]];
    if (found.length > 0) yield found;
    cursor = next;
  } while (cursor.toString() !== '0');
}
