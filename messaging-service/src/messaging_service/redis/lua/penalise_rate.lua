--[[
  penalise_rate: stops sending for a while after a 429, and slows it down afterwards. It decides
  nothing.

  KEYS     1 brake  hash  until_us: no message is sent before; share_ppm: millionths of the rate that
                          are used; strikes: how many 429 came without a success between; expires
  ARGV     1 us requested · 2 us at most · 3 ppm of its share that the rate keeps · 4 ppm of the
           lowest share · 5 ms that the brake outlives its stop
  RETURNS  {"penalised", span_us}  one more strike: requested * 2^earlier strikes, within the limit;
                                   the share is lowered
           {"in_force", span_us}   stopped already by a strike of the same moment: what is left of
                                   it, or what is requested if that is longer
           The time is Redis's. A retried call adds no second strike.
]]
local brake = KEYS[1]
local requested_us, most_us, kept_ppm, lowest_ppm, keep_ms = unpack(ARGV)
requested_us, most_us = tonumber(requested_us), tonumber(most_us)
local time = redis.call("TIME")
local now_us = time[1] * 1000000 + time[2]

local state = redis.call("HMGET", brake, "until_us", "share_ppm", "strikes")
local until_us, share_ppm = tonumber(state[1] or 0), tonumber(state[2] or 1000000)
local strikes = tonumber(state[3] or 0)
local outcome, span_us = "in_force", math.max(requested_us, until_us - now_us)
if until_us <= now_us then
  outcome, span_us = "penalised", requested_us * 2 ^ strikes
  share_ppm = math.max(math.floor(share_ppm * kept_ppm / 1000000), tonumber(lowest_ppm))
  strikes = strikes + 1
end
span_us = math.min(span_us, most_us)

-- Formatted explicitly: Lua would write a number of this size with an exponent.
redis.call("HSET", brake, "until_us", string.format("%.0f", now_us + span_us),
  "share_ppm", share_ppm, "strikes", strikes)
redis.call("PEXPIRE", brake, math.ceil(span_us / 1000) + keep_ms)
return {outcome, span_us}
