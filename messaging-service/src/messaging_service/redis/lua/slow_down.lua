--[[
  slow_down: admits nothing for a while, twice as long with each strike. It decides nothing.

  KEYS     1 brake     hash    strikes, until_us; expires
           2+ buckets  string  see admit
  ARGV     1 now_us · 2 us asked for · 3 us at most · 4 us without one after which strikes are
           forgotten · 5 ms that keys are kept beyond their use · 6+ for each bucket the us that
           its burst has above one unit
  RETURNS  {"slowed", span_us}  a strike more: asked for * 2^strikes before it, at most so long
           {"held", span_us}    it was held already, by a strike of the same moment: what is left
                                of that, or what is asked for if that is longer
           After it each bucket has one unit. Repeated, it makes no second strike.
]]
local brake = KEYS[1]
local now_us, asked_us, most_us, forget_us, margin_ms = unpack(ARGV, 1, 5)
now_us, asked_us, most_us = tonumber(now_us), tonumber(asked_us), tonumber(most_us)

local strikes, until_us = unpack(redis.call("HMGET", brake, "strikes", "until_us"))
strikes, until_us = tonumber(strikes or 0), tonumber(until_us or 0)
local outcome, span_us = "held", math.max(asked_us, until_us - now_us)
if until_us <= now_us then
  if now_us - until_us >= tonumber(forget_us) then
    strikes = 0
  end
  outcome, span_us = "slowed", asked_us * 2 ^ strikes
  strikes = strikes + 1
end
span_us = math.min(span_us, most_us)

until_us = now_us + span_us
redis.call("HSET", brake, "strikes", strikes, "until_us", string.format("%.0f", until_us))
redis.call("PEXPIRE", brake, math.ceil((span_us + forget_us) / 1000) + margin_ms)
for at = 2, #KEYS do
  local used_up_us = until_us + ARGV[at + 4]
  used_up_us = math.max(used_up_us, tonumber(redis.call("GET", KEYS[at]) or 0))
  redis.call("SET", KEYS[at], string.format("%.0f", used_up_us),
    "PX", math.ceil((used_up_us - now_us) / 1000) + margin_ms)
end
return {outcome, span_us}
