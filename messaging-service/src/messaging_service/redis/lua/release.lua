--[[
  release: gives a text back whose attempt surely never reached the carrier. It decides nothing.

  KEYS     1 message  hash  see claim
  ARGV     1 attempt_id · 2 state of a claimed text · 3 state of a text whose answer was lost
  RETURNS  {"released"}       the attempt does not hold the text any more, or never did
           {"kept", message}  the text went further meanwhile, or its lost answer is looked into
           A message is the fields and values of the hash in turn. Only "released" writes.
]]
local message = KEYS[1]
local attempt_id, claimed, unknown = unpack(ARGV)

local held = redis.call("HMGET", message, "attempt_id", "state", "unknown_ms")
if held[1] ~= attempt_id then
  return {"released"}
end
if held[2] ~= claimed and (held[2] ~= unknown or held[3]) then
  return {"kept", redis.call("HGETALL", message)}
end

redis.call("HDEL", message, "attempt_id", "claim_ms")
return {"released"}
