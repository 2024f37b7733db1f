--[[
  advance: moves a message to a state of higher rank, never back. It decides nothing.

  KEYS     1 message  hash  see claim
  ARGV     1 attempt_id, or "" for any attempt · 2 state · 3 its rank, or 0 to keep the state ·
           4 carrier_id or "" · 5 failure or "" · 6 code of the failure or "" · 7 resolution to
           store if the message is being resolved, or "" · 8 now_ms · 9 keep_ms
  RETURNS  {"resolved", message}  the state is new, and it resolves an uncertain send
           {"moved", message}     the state is new
           {"kept", message}      the message was as far or further, or another attempt has the claim
           {"absent"}             there is no such message
           A message is the fields and values of the hash in turn. "kept" may still store the
           carrier's id, and the failure of a state that is as far.
]]
local message = KEYS[1]
local attempt_id, state, rank, carrier_id, failure, code, resolution = unpack(ARGV, 1, 7)
local now_ms, keep_ms = ARGV[8], ARGV[9]

local stored = redis.call("HMGET", message, "rank", "attempt_id", "unknown_ms")
if not stored[1] then
  return {"absent"}
end
if attempt_id ~= "" and attempt_id ~= stored[2] then
  return {"kept", redis.call("HGETALL", message)}
end

if carrier_id ~= "" then
  redis.call("HSETNX", message, "carrier_id", carrier_id)
end
if failure ~= "" and tonumber(rank) == tonumber(stored[1]) then
  redis.call("HSET", message, "failure", failure, "code", code)
end
local outcome = "kept"
if tonumber(rank) > tonumber(stored[1]) then
  redis.call("HSET", message, "state", state, "rank", rank, "failure", failure,
    "code", code, "update_ms", now_ms)
  redis.call("HDEL", message, "unknown_ms", "looked")
  outcome = "moved"
  if stored[3] and resolution ~= "" then
    redis.call("HSET", message, "resolution", resolution)
    outcome = "resolved"
  end
end
redis.call("PEXPIRE", message, keep_ms)
return {outcome, redis.call("HGETALL", message)}
