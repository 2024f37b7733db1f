--[[
  recover_rate: a message was accepted while the rate is slowed: forgets strikes and, unless sending
  is stopped, raises the share. It decides nothing.

  KEYS     1 brake  hash  see penalise_rate
  ARGV     1 ppm of what is missing to the whole rate that comes back · 2 ppm from which the rate
           counts as whole
  RETURNS  {"slowed"}  the share is raised, or sending is stopped: by a 429 of the same burst, as
                       the carrier takes some of it
           {"whole"}   nothing is slowed (any more)
           The time is Redis's. A retried call raises the share twice.
]]
local brake = KEYS[1]
local back_ppm, whole_ppm = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call("TIME")
local now_us = time[1] * 1000000 + time[2]

local until_us, share_ppm = unpack(redis.call("HMGET", brake, "until_us", "share_ppm"))
if not share_ppm then
  return {"whole"}
end
if tonumber(until_us) > now_us then
  redis.call("HSET", brake, "strikes", 0)
  return {"slowed"}
end
share_ppm = share_ppm + math.ceil((1000000 - share_ppm) * back_ppm / 1000000)
if share_ppm >= whole_ppm then
  redis.call("DEL", brake)
  return {"whole"}
end
redis.call("HSET", brake, "share_ppm", share_ppm, "strikes", 0)
return {"slowed"}
