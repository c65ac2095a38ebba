import { clock } from '../../support/clock';
import { isOwnerGone } from '../../support/owner';
import type { HeldLock, LockRequest, LockStore } from '../locks/lock-store';
import { redisScript, type RedisConnection, type RedisValue } from './redis-connection';
import type { RedisKeys } from './redis-keys';

/*
 * All locks are one hash, of who holds each, and one sorted set, of until when: a server that lost one of the two holds none. Neither expires by itself: a server that evicts what is about
 * to expire (`volatile-*`) leaves them alone, and they are listed in one moment.
 *
 * KEYS: the hash, the set. ARGV[1] is now.
 */
const PREAMBLE = `
  local locks, ends, now = KEYS[1], KEYS[2], tonumber(ARGV[1])

  local function is_held(name)
    return tonumber(redis.call('ZSCORE', ends, name) or 0) > now and redis.call('HEXISTS', locks, name) == 1
  end

  local function is_owner(name, owner)
    return is_held(name) and cjson.decode(redis.call('HGET', locks, name)).owner == owner
  end

  local function remove(name)
    redis.call('HDEL', locks, name)
    redis.call('ZREM', ends, name)
  end
`;

/** Expired locks an acquire takes along: more than it adds, so that there are ever fewer. */
const SWEEP_BATCH = 100;

/** ARGV: now, when it expires, who holds it, how many names; the names, then names that are given only if the same one holds them still. */
const ACQUIRE = redisScript(`${PREAMBLE}
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, ${SWEEP_BATCH})) do
    remove(name)
  end
  local function give(name)
    redis.call('HSET', locks, name, ARGV[3])
    redis.call('ZADD', ends, ARGV[2], name)
    return name
  end
  local first_abandoned = 5 + tonumber(ARGV[4])
  for index = 5, first_abandoned - 1 do
    if not is_held(ARGV[index]) then return give(ARGV[index]) end
  end
  for index = first_abandoned, #ARGV, 2 do
    if redis.call('HGET', locks, ARGV[index]) == ARGV[index + 1] then return give(ARGV[index]) end
  end
  return false
`);

/** ARGV: now, name, owner. */
const RELEASE = redisScript(`${PREAMBLE}
  if not is_owner(ARGV[2], ARGV[3]) then return 0 end
  remove(ARGV[2])
  return 1
`);

/** ARGV: now, name. */
const FORCE_RELEASE = redisScript(`${PREAMBLE}
  if not is_held(ARGV[2]) then return 0 end
  remove(ARGV[2])
  return 1
`);

/** ARGV: now, name, owner, when it expires. */
const REFRESH = redisScript(`${PREAMBLE}
  if not is_owner(ARGV[2], ARGV[3]) then return 0 end
  redis.call('ZADD', ends, ARGV[4], ARGV[2])
  return 1
`);

/** ARGV: now, then names; without any, every one. Returns name, end and holder of each that is held. */
const HELD = redisScript(`${PREAMBLE}
  local names, found = {}, {}
  for index = 2, #ARGV do names[index - 1] = ARGV[index] end
  if #ARGV == 1 then names = redis.call('ZRANGEBYSCORE', ends, '(' .. ARGV[1], '+inf') end
  for _, name in ipairs(names) do
    if is_held(name) then
      found[#found + 1] = { name, redis.call('ZSCORE', ends, name), redis.call('HGET', locks, name) }
    end
  end
  return found
`);

/** Who holds a lock, as it is written. */
type Holder = Pick<HeldLock, 'owner' | 'boundTo' | 'acquiredAt'>;

interface FoundLock extends HeldLock {
  /** Who holds it, as it is written. */
  readonly holder: Buffer;
}

/** Locks on a Redis server. A server that loses what it holds, or is replaced by a copy that lags behind, frees them. */
export class RedisLockStore implements LockStore {
  readonly #connection: RedisConnection;
  readonly #keys: readonly string[];

  constructor(connection: RedisConnection, keys: RedisKeys) {
    this.#connection = connection;
    this.#keys = [keys.locks, keys.lockEnds];
  }

  async acquire(request: LockRequest): Promise<string | undefined> {
    return (await this.#take(request, [])) ?? (await this.#takeAbandoned(request));
  }

  async release(name: string, owner: string): Promise<boolean> {
    return (await this.#run(RELEASE, name, owner)) === 1;
  }

  async forceRelease(name: string): Promise<boolean> {
    return (await this.#run(FORCE_RELEASE, name)) === 1;
  }

  async refresh(name: string, owner: string, ttlMs: number): Promise<boolean> {
    return (await this.#run(REFRESH, name, owner, clock.now() + ttlMs)) === 1;
  }

  async held(names?: readonly string[]): Promise<HeldLock[]> {
    const found = await this.#find(names);
    return found.map(({ holder: _, ...lock }) => lock);
  }

  async #find(names?: readonly string[]): Promise<FoundLock[]> {
    if (names?.length === 0) return [];
    const found = await this.#run(HELD, ...new Set(names));
    const locks = (found as [Buffer, Buffer, Buffer][]).map(toLock);
    return locks.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #take(
    { names, owner, ttlMs, boundTo }: LockRequest,
    abandoned: readonly FoundLock[],
  ): Promise<string | undefined> {
    const now = clock.now();
    const holder = JSON.stringify({ owner, boundTo, acquiredAt: now } satisfies Holder);
    const others = abandoned.flatMap((lock) => [lock.name, lock.holder]);
    const values = [now + ttlMs, holder, names.length, ...names, ...others];
    return ((await this.#run(ACQUIRE, ...values)) as Buffer | null)?.toString();
  }

  /** Whether a process is gone only its own system knows: that is asked apart, when nothing else is free. */
  async #takeAbandoned(request: LockRequest): Promise<string | undefined> {
    const { names } = request;
    const abandoned = (await this.#find(names)).filter((lock) => lock.isAbandoned);
    if (abandoned.length === 0) return undefined;
    abandoned.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
    return this.#take(request, abandoned);
  }

  #run(script: typeof ACQUIRE, ...values: readonly RedisValue[]): Promise<unknown> {
    return this.#connection.run(script, this.#keys, [clock.now(), ...values]);
  }
}

function toLock([name, end, holder]: [Buffer, Buffer, Buffer]): FoundLock {
  const { owner, boundTo, acquiredAt } = JSON.parse(holder.toString()) as Holder;
  return {
    name: name.toString(),
    owner,
    acquiredAt,
    expiresAt: Number(end),
    boundTo,
    isAbandoned: boundTo !== undefined && isOwnerGone(boundTo),
    holder,
  };
}
