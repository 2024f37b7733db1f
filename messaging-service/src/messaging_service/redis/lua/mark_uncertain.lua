--[[
  mark_uncertain: records that the carrier did not confirm an attempt. It decides nothing.

  KEYS     1 message  hash  see claim
  ARGV     1 attempt_id · 2 state of an uncertain send · 3 its rank ·
           4 resolution to store if the message moved on meanwhile, or "" · 5 now_ms · 6 keep_ms
  RETURNS  {"marked", message}  the message is being resolved, from now on or from before
           {"kept", message}    the message moved on, or the attempt does not have the claim
           {"absent"}           there is no such message
           A message is the fields and values of the hash in turn.
]]
local message = KEYS[1]
local attempt_id, unknown, rank, resolution, now_ms, keep_ms = unpack(ARGV)

local stored = redis.call("HMGET", message, "rank", "attempt_id", "claim_ms")
if not stored[1] then
  return {"absent"}
end
if stored[2] ~= attempt_id then
  return {"kept", redis.call("HGETALL", message)}
end
redis.call("PEXPIRE", message, keep_ms)
if tonumber(stored[1]) > tonumber(rank) then
  if resolution ~= "" then
    redis.call("HSET", message, "resolution", resolution)
  end
  return {"kept", redis.call("HGETALL", message)}
end

if redis.call("HSETNX", message, "unknown_ms", now_ms) == 1 then
  redis.call("HSET", message, "state", unknown, "rank", rank, "looked", 0, "update_ms", now_ms)
  redis.call("HSETNX", message, "since_ms", stored[3])
end
return {"marked", redis.call("HGETALL", message)}
