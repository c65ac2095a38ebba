import { clock } from '../../support/clock';
import type {
  RateClaim,
  RateLimitStore,
  RateVerdict,
  RateWindow,
} from '../limits/rate-limit-store';
import { redisScript, type RedisConnection, type RedisValue } from './redis-connection';
import type { RedisKeys } from './redis-keys';

/** Ended windows a hit takes along: more than it adds, so that there are ever fewer. */
const SWEEP_BATCH = 100;

/*
 * All windows are one hash, of their hits, and one sorted set, of their ends. A window is an index of ARGV, its hits and its end.
 *
 * KEYS: the hash, the set. ARGV[1] is now.
 */
const PREAMBLE = `
  local limits, ends, now = KEYS[1], KEYS[2], tonumber(ARGV[1])

  local function find(index)
    local reset = redis.call('ZSCORE', ends, ARGV[index])
    if not reset or tonumber(reset) <= now then return nil end
    return { index, redis.call('HGET', limits, ARGV[index]), reset }
  end

  local function sweep()
    for _, key in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, ${SWEEP_BATCH})) do
      redis.call('HDEL', limits, key)
      redis.call('ZREM', ends, key)
    end
  end

  local function count(index, lasts, by)
    if not find(index) then
      redis.call('HSET', limits, ARGV[index], 0)
      redis.call('ZADD', ends, now + tonumber(lasts), ARGV[index])
    end
    redis.call('HINCRBY', limits, ARGV[index], by)
    return find(index)
  end
`;

/** ARGV: now, then key, room and length of each window. Returns whether it is allowed, then the windows. */
const TAKE = redisScript(`${PREAMBLE}
  sweep()
  local allowed = 1
  for index = 2, #ARGV, 3 do
    local window = find(index)
    if (window and tonumber(window[2]) or 0) >= tonumber(ARGV[index + 1]) then allowed = 0 end
  end
  local found = { allowed }
  for index = 2, #ARGV, 3 do
    local window = allowed == 1 and count(index, ARGV[index + 2], 1) or find(index)
    if window then found[#found + 1] = window end
  end
  return found
`);

/** ARGV: now, key, length, hits. */
const HIT = redisScript(`${PREAMBLE}
  sweep()
  return count(2, ARGV[3], ARGV[4])
`);

/** ARGV: now, key. */
const FIND = redisScript(`${PREAMBLE}
  return find(2) or false
`);

/** ARGV: now, key. */
const CLEAR = redisScript(`${PREAMBLE}
  local was_open = find(2) and 1 or 0
  redis.call('HDEL', limits, ARGV[2])
  redis.call('ZREM', ends, ARGV[2])
  return was_open
`);

type Found = readonly [index: number, hits: Buffer, resetsAt: Buffer];

/** Rate limits on a Redis server. */
export class RedisRateLimitStore implements RateLimitStore {
  readonly #connection: RedisConnection;
  readonly #keys: readonly string[];

  constructor(connection: RedisConnection, keys: RedisKeys) {
    this.#connection = connection;
    this.#keys = [keys.limits, keys.limitEnds];
  }

  async take(claims: readonly RateClaim[]): Promise<RateVerdict> {
    const values = claims.flatMap(({ key, max, windowMs }) => [key, max, windowMs]);
    const reply = await this.#run(TAKE, ...values);
    const [allowed, ...found] = reply as [0 | 1, ...Found[]];
    const windows = found.map((one) => windowOf(claims[(one[0] - 2) / 3]?.key ?? '', one));
    return { isAllowed: allowed === 1, windows };
  }

  async hit(key: string, windowMs: number, by: number): Promise<RateWindow> {
    return windowOf(key, (await this.#run(HIT, key, windowMs, by)) as Found);
  }

  async find(key: string): Promise<RateWindow | undefined> {
    const found = (await this.#run(FIND, key)) as Found | null;
    return found === null ? undefined : windowOf(key, found);
  }

  async clear(key: string): Promise<boolean> {
    return (await this.#run(CLEAR, key)) === 1;
  }

  #run(script: typeof TAKE, ...values: readonly RedisValue[]): Promise<unknown> {
    return this.#connection.run(script, this.#keys, [clock.now(), ...values]);
  }
}

function windowOf(key: string, [, hits, resetsAt]: Found): RateWindow {
  return { key, hits: Number(hits), resetsAt: Number(resetsAt) };
}
