--[[
  note: writes beside a text's state what its attempt found out. It decides nothing.

  KEYS     1 message  hash  see claim
  ARGV     1 attempt_id · 2 the highest rank of a text that this is still of use for ·
           3+ fields and their values in turn
  RETURNS  {"noted", message}   written
           {"passed", message}  the text went further, or the attempt does not hold it
           {"absent"}           no such text is kept
           A message is the fields and values of the hash in turn.
]]
local message = KEYS[1]
local attempt_id, rank = ARGV[1], ARGV[2]

local held = redis.call("HMGET", message, "rank", "attempt_id")
if not held[1] then
  return {"absent"}
end
if held[2] ~= attempt_id or tonumber(held[1]) > tonumber(rank) then
  return {"passed", redis.call("HGETALL", message)}
end

redis.call("HSET", message, unpack(ARGV, 3))
return {"noted", redis.call("HGETALL", message)}
