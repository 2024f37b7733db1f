--[[
  acquire_lease: take or renew a lease. One holder at a time, by Redis's clock: the clocks of the
  holders need not agree.

  KEYS     1 lease  string   fencing token of the holder; expires
           2 fence  counter  the last fencing token; only rises
  ARGV     1 the caller's token, "" if it has none · 2 lease_ms
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
