--[[
  release: gives up the claim of an attempt that did not reach the carrier. It decides nothing.

  KEYS     1 message  hash  see claim
  ARGV     1 attempt_id · 2 state of a claimed message · 3 state of an uncertain send
  RETURNS  {"released"}       the attempt does not have the claim, or never had it
           {"kept", message}  the message is further than that, or is being resolved
           A message is the fields and values of the hash in turn. Only "released" writes.
]]
local message = KEYS[1]
local attempt_id, claimed, unknown = unpack(ARGV)

local stored = redis.call("HMGET", message, "attempt_id", "state", "unknown_ms")
if stored[1] ~= attempt_id then
  return {"released"}
end
if stored[2] ~= claimed and (stored[2] ~= unknown or stored[3]) then
  return {"kept", redis.call("HGETALL", message)}
end

redis.call("HDEL", message, "attempt_id", "claim_ms")
return {"released"}
