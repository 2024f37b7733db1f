--[[
  penalise_rate: blocks the buckets for a while, twice as long with each strike. It decides nothing.

  KEYS     1 brake     hash    strikes, until_us; expires
           2+ buckets  string  see acquire_rate
  ARGV     1 now_us · 2 us requested · 3 us at most · 4 us without a strike after which the count
           restarts · 5 ms that keys outlive their use · 6+ for each bucket the us that its burst
           has above one unit
  RETURNS  {"penalised", span_us}  one more strike: requested * 2^earlier strikes, within the limit
           {"in_force", span_us}   blocked already by a strike of the same moment: what is left of
                                   it, or what is requested if that is longer
           Afterwards each bucket has one unit. A retried call adds no second strike.
]]
local brake = KEYS[1]
local now_us, requested_us, most_us, forget_us, margin_ms = unpack(ARGV, 1, 5)
now_us, requested_us, most_us = tonumber(now_us), tonumber(requested_us), tonumber(most_us)

local strikes, until_us = unpack(redis.call("HMGET", brake, "strikes", "until_us"))
strikes, until_us = tonumber(strikes or 0), tonumber(until_us or 0)
local outcome, span_us = "in_force", math.max(requested_us, until_us - now_us)
if until_us <= now_us then
  if now_us - until_us >= tonumber(forget_us) then
    strikes = 0
  end
  outcome, span_us = "penalised", requested_us * 2 ^ strikes
  strikes = strikes + 1
end
span_us = math.min(span_us, most_us)

until_us = now_us + span_us
redis.call("HSET", brake, "strikes", strikes, "until_us", string.format("%.0f", until_us))
redis.call("PEXPIRE", brake, math.ceil((span_us + forget_us) / 1000) + margin_ms)
for index = 2, #KEYS do
  local used_up_us = until_us + ARGV[index + 4]
  used_up_us = math.max(used_up_us, tonumber(redis.call("GET", KEYS[index]) or 0))
  redis.call("SET", KEYS[index], string.format("%.0f", used_up_us),
    "PX", math.ceil((used_up_us - now_us) / 1000) + margin_ms)
end
return {outcome, span_us}
