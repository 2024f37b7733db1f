--[[
  annotate: writes fields of a message without changing its state. It decides nothing.

  KEYS     1 message  hash  see claim
  ARGV     1 attempt_id · 2 the highest rank at which the fields are still of use ·
           3+ fields and their values in turn
  RETURNS  {"annotated", message}  written
           {"kept", message}       the message moved on, or the attempt does not have the claim
           {"absent"}              there is no such message
           A message is the fields and values of the hash in turn.
]]
local message = KEYS[1]
local attempt_id, rank = ARGV[1], ARGV[2]

local stored = redis.call("HMGET", message, "rank", "attempt_id")
if not stored[1] then
  return {"absent"}
end
if stored[2] ~= attempt_id or tonumber(stored[1]) > tonumber(rank) then
  return {"kept", redis.call("HGETALL", message)}
end

redis.call("HSET", message, unpack(ARGV, 3))
return {"annotated", redis.call("HGETALL", message)}
