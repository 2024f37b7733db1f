--[[
  reopen: lets a text be claimed again whose answer was lost. It decides nothing.

  KEYS     1 message  hash  see claim
  ARGV     1 token of the attempt whose answer was lost · 2 resolution
  RETURNS  {"reopened"}  its state is as it was, and nobody holds it
           {"kept"}      the text went further, or the token does not hold it any more
]]
local message = KEYS[1]
local token, resolution = unpack(ARGV)

local held = redis.call("HMGET", message, "token", "unknown_ms")
if held[1] ~= token or not held[2] then
  return {"kept"}
end

redis.call("HDEL", message, "token", "claim_ms", "unknown_ms", "looked")
redis.call("HSET", message, "resolution", resolution)
redis.call("HINCRBY", message, "resends", 1)
return {"reopened"}
