--[[
  lose: writes that the answer to an attempt was lost. It decides nothing.

  KEYS     1 message  hash  see claim
  ARGV     1 attempt_id · 2 state of a text whose answer was lost · 3 its rank ·
           4 resolution of a text that went further meanwhile, or "" · 5 now_ms · 6 keep_ms
  RETURNS  {"lost", message}  the answer is looked into from now on, or was before
           {"kept", message}  the text went further meanwhile, or the attempt does not hold it
           {"absent"}         no such text is kept
           A message is the fields and values of the hash in turn.
]]
local message = KEYS[1]
local attempt_id, unknown, rank, resolution, now_ms, keep_ms = unpack(ARGV)

local held = redis.call("HMGET", message, "rank", "attempt_id", "claim_ms")
if not held[1] then
  return {"absent"}
end
if held[2] ~= attempt_id then
  return {"kept", redis.call("HGETALL", message)}
end
redis.call("PEXPIRE", message, keep_ms)
if tonumber(held[1]) > tonumber(rank) then
  if resolution ~= "" then
    redis.call("HSET", message, "resolution", resolution)
  end
  return {"kept", redis.call("HGETALL", message)}
end

if redis.call("HSETNX", message, "unknown_ms", now_ms) == 1 then
  redis.call("HSET", message, "state", unknown, "rank", rank, "looked", 0, "update_ms", now_ms)
  redis.call("HSETNX", message, "since_ms", held[3])
end
return {"lost", redis.call("HGETALL", message)}
