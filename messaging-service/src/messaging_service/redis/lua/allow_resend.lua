--[[
  allow_resend: lets an uncertain send be claimed again. It decides nothing.

  KEYS     1 message  hash  see claim
  ARGV     1 attempt_id of the uncertain send · 2 resolution
  RETURNS  {"allowed"}  the state is kept and nobody has the claim
           {"kept"}     the message moved on, or the attempt does not have the claim
]]
local message = KEYS[1]
local attempt_id, resolution = unpack(ARGV)

local stored = redis.call("HMGET", message, "attempt_id", "unknown_ms")
if stored[1] ~= attempt_id or not stored[2] then
  return {"kept"}
end

redis.call("HDEL", message, "attempt_id", "claim_ms", "unknown_ms", "looked")
redis.call("HSET", message, "resolution", resolution)
redis.call("HINCRBY", message, "resends", 1)
return {"allowed"}
