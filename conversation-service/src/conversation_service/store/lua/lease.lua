--[[
  lease: take or keep the right to send a pool's texts. One holder at a time, by Redis's clock:
  the holders' own clocks need not agree.

  KEYS     1 lease  string   the holder's token; expires
           2 fence  counter  the last token handed out; never falls
  ARGV     1 the caller's token, "" if it holds none · 2 lease_ms
  RETURNS  {"held", token} | {"taken", ""}
]]
local lease, fence = KEYS[1], KEYS[2]
local token, lease_ms = ARGV[1], ARGV[2]

local holder = redis.call("GET", lease)
if not holder then
  token = tostring(redis.call("INCR", fence))
  redis.call("SET", lease, token, "PX", lease_ms)
  return { "held", token }
end
if holder == token then
  redis.call("PEXPIRE", lease, lease_ms)
  return { "held", token }
end
return { "taken", "" }
