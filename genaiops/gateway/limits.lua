-- A call wants in, a call is over, or calls still run. Runs as a whole, by the clock of Redis.
-- KEYS: requests, tokens, sum of tokens, running calls, USD spent in this period, what was told of it
-- ARGV: in, over or renew; rpm, tpm, concurrent, budget (-1 for none); USD that were told of or are
--       known from elsewhere; added tokens; lease
--       in seconds; how many calls; their ids; then ids and USD of calls that are over
local what = ARGV[1]
local rpm, tpm = tonumber(ARGV[2]), tonumber(ARGV[3])
local concurrent, budget = tonumber(ARGV[4]), tonumber(ARGV[5])
local known, tokens, lease = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local first, id = 10 + tonumber(ARGV[9]), ARGV[10]
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local edge = now - 60

-- Who did not hear the answer tells again, under the same id: it counts once.
local usd = 0
for n = first, #ARGV, 2 do
  local added = tonumber(ARGV[n + 1])
  redis.call('ZREM', KEYS[4], ARGV[n])
  if added > 0 and redis.call('ZADD', KEYS[6], 'NX', now, ARGV[n]) == 1 then
    usd = usd + added
  end
end
if usd > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', now - 3600)
  redis.call('EXPIRE', KEYS[6], 3700)
end
local spent = tonumber(redis.call('GET', KEYS[5]) or '0')
local total = math.max(spent, known) + usd
if total > spent then
  redis.call('SET', KEYS[5], string.format('%.17g', total), 'EX', 3000000)
end

if what == 'renew' then
  for n = 10, first - 1 do
    redis.call('ZADD', KEYS[4], 'XX', now + lease, ARGV[n])
  end
  return {'ok', 0, string.format('%.17g', total)}
end

if what == 'over' then
  if tokens > 0 and tpm >= 0 then
    redis.call('ZADD', KEYS[2], now, id .. ':' .. string.format('%d', tokens))
    redis.call('EXPIRE', KEYS[2], 120)
    redis.call('INCRBY', KEYS[3], string.format('%d', tokens))
    redis.call('EXPIRE', KEYS[3], 120)
  end
  return {'ok', 0, string.format('%.17g', total)}
end

local function refused(limit, wait)
  return {limit, math.floor(wait) + 1, string.format('%.17g', total)}
end

local function oldest(key)
  local found = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return found[2] and tonumber(found[2]) - edge or 59
end

if budget >= 0 and total >= budget then
  return refused('budget', 0)
end
if rpm >= 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', edge)
  if redis.call('ZCARD', KEYS[1]) >= rpm then
    return refused('rpm', oldest(KEYS[1]))
  end
end
if tpm >= 0 then
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', edge)) do
    redis.call('DECRBY', KEYS[3], string.match(old, ':(%d+)$'))
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', edge)
  if redis.call('ZCARD', KEYS[2]) == 0 then
    redis.call('DEL', KEYS[3])
  end
  if tonumber(redis.call('GET', KEYS[3]) or '0') >= tpm then
    return refused('tpm', oldest(KEYS[2]))
  end
end
if concurrent >= 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
  if redis.call('ZCARD', KEYS[4]) >= concurrent then
    return refused('concurrent', 0)
  end
  redis.call('ZADD', KEYS[4], now + lease, id)
  redis.call('EXPIRE', KEYS[4], math.ceil(lease) + 60)
end
if rpm >= 0 then
  redis.call('ZADD', KEYS[1], now, id)
  redis.call('EXPIRE', KEYS[1], 120)
end
return {'ok', 0, string.format('%.17g', total)}
