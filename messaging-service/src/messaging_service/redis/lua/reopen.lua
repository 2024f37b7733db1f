--[[
  reopen: lets a text be claimed again whose answer was lost. It decides nothing.

  KEYS     1 message  hash  see claim
  ARGV     1 attempt_id of the one whose answer was lost · 2 resolution
  RETURNS  {"reopened"}  its state is as it was, and nobody holds it
           {"kept"}      the text went further, or the attempt does not hold it any more
]]
local message = KEYS[1]
local attempt_id, resolution = unpack(ARGV)

local held = redis.call("HMGET", message, "attempt_id", "unknown_ms")
if held[1] ~= attempt_id or not held[2] then
  return {"kept"}
end

redis.call("HDEL", message, "attempt_id", "claim_ms", "unknown_ms", "looked")
redis.call("HSET", message, "resolution", resolution)
redis.call("HINCRBY", message, "resends", 1)
return {"reopened"}
