import { redisScript, type RedisScript } from './redis-connection';

/*
 * What a cache does on the server. Each script runs whole, and nothing else meanwhile.
 *
 * Invariants:
 * 1. Whoever writes or removes an entry outdates the claim of its key. An outdated claim fills nothing, and anybody else may take it; its
 *    owner does not make it good by claiming again.
 * 2. A tagged entry bears the time (`stamp`) of a clock that clearing tags moves on: field `clock` of the hash of tags. It is dead if one of its
 *    tags (field `t:{tag}`) was cleared after it, and if the clock was made after it (field `birth`): a server may lose the hash, and what was
 *    cleared must not come alive again. A new clock begins with the server's time in microseconds, hence behind every one before it.
 * 3. Tags cleared at or before `floor` may be forgotten: `prune` removed what they killed. A claim from before it may not fill tagged entries.
 * 4. Times of entries and claims are the caller's; the server's own expiry only frees memory.
 *
 * KEYS: the hash of tags comes first, then for each entry its key and that of its claim. ARGV[1] is now.
 */

const PREAMBLE = `
  local tags, now = KEYS[1], tonumber(ARGV[1])

  -- The layout of redis-cache-entry.ts; nil where there is no entry
  local function find(key)
    local head = redis.call('GETRANGE', key, 0, 36)
    if #head < 37 then return nil end
    local kind, expires, stale, written, stamp, tag_bytes = struct.unpack('>c1ddddI4', head)
    return { kind = kind, expires = expires, stale = stale, written = written, stamp = stamp, tag_bytes = tag_bytes }
  end

  local function is_cleared_since(names, stamp, since)
    local start = tonumber(redis.call('HGET', tags, since) or math.huge)
    if stamp < start then return true end
    for _, name in ipairs(cjson.decode(names)) do
      local cleared = redis.call('HGET', tags, 't:' .. name)
      if cleared and tonumber(cleared) > stamp then return true end
    end
    return false
  end

  local function is_dead(key, entry)
    if entry.expires <= now then return true end
    if entry.tag_bytes == 0 then return false end
    return is_cleared_since(redis.call('GETRANGE', key, 37, 36 + entry.tag_bytes), entry.stamp, 'birth')
  end

  local function find_live(key)
    local entry = find(key)
    if entry and not is_dead(key, entry) then return entry end
    return nil
  end

  local function stamp_now()
    local clock = redis.call('HGET', tags, 'clock')
    if clock then return tonumber(clock) end
    local time = redis.call('TIME')
    local made = tonumber(time[1]) * 1000000 + tonumber(time[2])
    redis.call('HSET', tags, 'clock', made, 'birth', made, 'floor', made)
    return made
  end

  local function outdate(claim)
    if redis.call('EXISTS', claim) == 1 then redis.call('HSET', claim, 'outdated', 1) end
  end

  local function write(key, packed, ttl)
    if ttl == '' then redis.call('SET', key, packed) else redis.call('SET', key, packed, 'PX', ttl) end
    if struct.unpack('>I4', packed, 34) > 0 then
      redis.call('SETRANGE', key, 25, struct.pack('>d', stamp_now()))
    end
  end
`;

function script(body: string): RedisScript {
  return redisScript(PREAMBLE + body);
}

/** The live ones of entries, each in its place. KEYS: tags, then entries alone. */
export const READ = script(`
  local found = {}
  for index = 2, #KEYS do
    found[index - 1] = find_live(KEYS[index]) and redis.call('GET', KEYS[index]) or false
  end
  return found
`);

/** ARGV: now, then for each entry what is written and its ttl. */
export const PUT = script(`
  for index = 2, #KEYS, 2 do
    write(KEYS[index], ARGV[index], ARGV[index + 1])
    outdate(KEYS[index + 1])
  end
`);

/** ARGV: now, what is written, ttl. */
export const ADD = script(`
  if find_live(KEYS[2]) then return 0 end
  write(KEYS[2], ARGV[2], ARGV[3])
  outdate(KEYS[3])
  return 1
`);

/**
 * Lua's numbers are those of JavaScript, and 17 digits tell each from its neighbours. ARGV: now, what is added, the blobs of Infinity and
 * -Infinity, which JSON lacks, the tags of an entry that is made. Returns the kind of what is written and what it is, or nothing where there is
 * no number.
 */
export const INCREMENT = script(`
  local key = KEYS[2]
  local entry = find_live(key)
  local sum = tonumber(ARGV[2])
  if entry then
    local start = 37 + entry.tag_bytes
    local is_number = entry.kind == 't' and redis.call('STRLEN', key) - start <= 32
    local number = is_number and tonumber(redis.call('GETRANGE', key, start, -1))
    if not number then return false end
    sum = number + sum
  end
  local kind, value = 't', nil
  if sum == math.huge then kind, value = 'b', ARGV[3]
  elseif sum == -math.huge then kind, value = 'b', ARGV[4]
  else
    for digits = 15, 17 do
      value = string.format('%.' .. digits .. 'g', sum)
      if tonumber(value) == sum then break end
    end
  end
  if entry then
    local names = redis.call('GETRANGE', key, 37, 36 + entry.tag_bytes)
    local head = struct.pack('>c1ddddI4', kind, entry.expires, math.huge, now, entry.stamp, entry.tag_bytes)
    redis.call('SET', key, head .. names .. value, 'KEEPTTL')
  else
    local head = struct.pack('>c1ddddI4', kind, math.huge, math.huge, now, 0, #ARGV[5])
    write(key, head .. ARGV[5] .. value, '')
  end
  outdate(KEYS[3])
  return { kind, value }
`);

/** ARGV: now, when it expires ('inf': never), ttl. */
export const TOUCH = script(`
  if not find_live(KEYS[2]) then return 0 end
  redis.call('SETRANGE', KEYS[2], 1, struct.pack('>dd', tonumber(ARGV[2]), math.huge))
  if ARGV[3] == '' then redis.call('PERSIST', KEYS[2]) else redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
  outdate(KEYS[3])
  return 1
`);

export const PULL = script(`
  local found = find_live(KEYS[2]) and redis.call('GET', KEYS[2])
  redis.call('UNLINK', KEYS[2])
  outdate(KEYS[3])
  return found or false
`);

export const FORGET = script(`
  local live = 0
  for index = 2, #KEYS, 2 do
    if find_live(KEYS[index]) then live = live + 1 end
    redis.call('UNLINK', KEYS[index])
    outdate(KEYS[index + 1])
  end
  return live
`);

/** ARGV: now, then tags. */
export const FORGET_TAGS = script(`
  local stamp = stamp_now() + 1
  redis.call('HSET', tags, 'clock', stamp)
  for index = 2, #ARGV do redis.call('HSET', tags, 't:' .. ARGV[index], stamp) end
`);

/** ARGV: now, owner, until, whether a stale value is as good as none, an owner that is gone, ttl, whether it is a renewal. */
export const CLAIM = script(`
  local entry = find_live(KEYS[2])
  if entry and not (ARGV[4] == '1' and entry.stale <= now) then return { 'found', redis.call('GET', KEYS[2]) } end
  local owner, till, outdated = unpack(redis.call('HMGET', KEYS[3], 'owner', 'until', 'outdated'))
  if owner == ARGV[2] then
    redis.call('HSET', KEYS[3], 'until', ARGV[3])
  elseif ARGV[7] == '1' then
    return { 'taken', owner }
  elseif owner and not outdated and tonumber(till) > now and owner ~= ARGV[5] then
    return { 'taken', owner }
  else
    redis.call('DEL', KEYS[3])
    redis.call('HSET', KEYS[3], 'owner', ARGV[2], 'until', ARGV[3], 'stamp', stamp_now())
  end
  redis.call('PEXPIRE', KEYS[3], ARGV[6])
  return { 'claimed' }
`);

/** ARGV: now, owner, what is written, ttl. */
export const FILL = script(`
  local owner, stamp, outdated = unpack(redis.call('HMGET', KEYS[3], 'owner', 'stamp', 'outdated'))
  if owner ~= ARGV[2] then return 0 end
  redis.call('DEL', KEYS[3])
  if outdated then return 0 end
  local tag_bytes = struct.unpack('>I4', ARGV[3], 34)
  local names = string.sub(ARGV[3], 38, 37 + tag_bytes)
  if tag_bytes > 0 and is_cleared_since(names, tonumber(stamp), 'floor') then return 0 end
  write(KEYS[2], ARGV[3], ARGV[4])
  return 1
`);

/** KEYS: tags, entry, claim. ARGV: now, owner. */
export const RELEASE = script(`
  if redis.call('HGET', KEYS[3], 'owner') == ARGV[2] then redis.call('DEL', KEYS[3]) end
`);

/** Outdates claims. KEYS: tags, then claims alone. */
export const OUTDATE = script(`
  for index = 2, #KEYS do outdate(KEYS[index]) end
`);

/** Removes dead ones of entries, and tells how many. KEYS: tags, then entries alone. */
export const SWEEP = script(`
  local removed = 0
  for index = 2, #KEYS do
    local entry = find(KEYS[index])
    if entry and is_dead(KEYS[index], entry) then removed = removed + redis.call('UNLINK', KEYS[index]) end
  end
  return removed
`);

/** What entries are: bytes of the value, when it was written, whether it is dead; false where there is none. KEYS: tags, then entries alone. */
export const LIST = script(`
  local found = {}
  for index = 2, #KEYS do
    local entry = find(KEYS[index])
    found[index - 1] = entry and {
      redis.call('STRLEN', KEYS[index]) - 37 - entry.tag_bytes,
      entry.written,
      is_dead(KEYS[index], entry) and 1 or 0,
    } or false
  end
  return found
`);

/** Forgets tags that were cleared up to a stamp, once no entry is left that they killed. ARGV: now, stamp, then fields of the hash. */
export const TRIM_TAGS = script(`
  local stamp = tonumber(ARGV[2])
  local floor = redis.call('HGET', tags, 'floor')
  if not floor then return end
  if tonumber(floor) < stamp then redis.call('HSET', tags, 'floor', stamp) end
  for index = 3, #ARGV do
    local cleared = redis.call('HGET', tags, ARGV[index])
    if cleared and tonumber(cleared) <= stamp then redis.call('HDEL', tags, ARGV[index]) end
  end
`);

/** KEYS: counts. ARGV: now, then names and what is added. */
export const COUNT = script(`
  for index = 2, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[index], ARGV[index + 1]) end
`);
