--[[
  acquire_rate: counts one message or lookup if every limit has room for it and it is its pool's
  turn. It decides nothing.

  KEYS     1 bucket   string  GCRA: the time up to which the rate is used up, in us; expires
           2 brake    hash    until_us, share_ppm, strikes: see penalise_rate
           3 turns    hash    for each pool the units that it has taken while others waited, and
                              until when it may have more to send; expires
           4 waiting  zset    the pools that wait for their turn, by the time until which they do;
                              expires
           5+ windows hash    number, sent: the segments in the current span of time; each expires
                              with its span
  ARGV     1 us per unit · 2 us that a unit may be acquired before its time · 3 us of the longest wait for the
           bucket · 4 units to take · 5 pool · 6 us that a pool keeps its turn after its wait ·
           7 ms that keys outlive their use · 8+ for each window its limit and the us of its span
  RETURNS  {"acquired", is_slowed, early_us}  counted everywhere; is_slowed is 1 after a 429,
                                    otherwise 0; the message's time comes in early_us
           {"wait", wait_us}        counted nowhere; an earlier call would be refused as well
           The time is Redis's. Room for one unit is enough: further units delay the calls that
           follow. An empty window has room for any message. The waiting pool that has taken the
           fewest units is next; one that does not come back in time loses its turn.
]]
local bucket, brake, turns, waiting = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local unit_us, early_us, longest_us, units, pool, keep_turn_us, margin_ms = unpack(ARGV, 1, 7)
local time = redis.call("TIME")
local now_us = time[1] * 1000000 + time[2]

local until_us, share_ppm = unpack(redis.call("HMGET", brake, "until_us", "share_ppm"))
unit_us = math.ceil(unit_us * 1000000 / (share_ppm or 1000000))
local used_up_us = math.max(tonumber(redis.call("GET", bucket) or 0), now_us)
local wait_us = math.min(used_up_us - early_us - now_us, tonumber(longest_us))
wait_us = math.max(wait_us, (until_us or 0) - now_us)

local windows, window_wait_us = {}, 0
for index = 5, #KEYS do
  local limit, span_us = tonumber(ARGV[2 * index - 2]), tonumber(ARGV[2 * index - 1])
  local number = math.floor(now_us / span_us)
  local end_us = (number + 1) * span_us
  local stored, sent = unpack(redis.call("HMGET", KEYS[index], "number", "sent"))
  sent = tonumber(stored) == number and tonumber(sent) or 0
  if sent > 0 and sent + units > limit then
    window_wait_us = math.max(window_wait_us, end_us - now_us)
  end
  windows[index] = {number = number, sent = sent + units, left_us = end_us - now_us}
end
if window_wait_us > 0 then
  -- The other pools do not wait for a budget.
  redis.call("ZREM", waiting, pool)
  return {"wait", math.max(wait_us, window_wait_us)}
end

redis.call("ZREMRANGEBYSCORE", waiting, "-inf", now_us)
local fewest
for _, other in ipairs(redis.call("ZRANGE", waiting, 0, -1)) do
  if other ~= pool then
    local taken = tonumber(redis.call("HGET", turns, other) or 0)
    fewest = math.min(fewest or taken, taken)
  end
end
local taken, busy_until_us = unpack(redis.call("HMGET", turns, pool, "busy:" .. pool))
taken = tonumber(taken or 0)
if tonumber(busy_until_us or 0) < now_us and not redis.call("ZSCORE", waiting, pool) then
  -- Time in which a pool had nothing to send is not made up for.
  taken = math.max(taken, fewest or 0)
end
if wait_us <= 0 and fewest and fewest < taken then
  wait_us = math.min(unit_us, tonumber(longest_us))
end
-- Formatted explicitly below: Lua would write a number of this size with an exponent.
if wait_us > 0 then
  local turn_us = now_us + wait_us + keep_turn_us
  local keep_ms = math.ceil((turn_us - now_us) / 1000) + margin_ms
  redis.call("HSET", turns, pool, taken)
  redis.call("ZADD", waiting, string.format("%.0f", turn_us), pool)
  redis.call("PEXPIRE", turns, keep_ms)
  redis.call("PEXPIRE", waiting, keep_ms)
  return {"wait", wait_us}
end

local own_early_us = used_up_us - now_us
used_up_us = used_up_us + units * unit_us
local keep_ms = math.ceil((used_up_us - now_us) / 1000) + margin_ms
redis.call("SET", bucket, string.format("%.0f", used_up_us), "PX", keep_ms)
for index, window in pairs(windows) do
  redis.call("HSET", KEYS[index], "number", window.number, "sent", window.sent)
  redis.call("PEXPIRE", KEYS[index], math.ceil(window.left_us / 1000) + margin_ms)
end
if fewest then
  local busy_us = string.format("%.0f", now_us + keep_turn_us)
  redis.call("HSET", turns, pool, taken + units, "busy:" .. pool, busy_us)
  redis.call("ZREM", waiting, pool)
else
  redis.call("DEL", turns, waiting)
end
return {"acquired", share_ppm and 1 or 0, own_early_us}
