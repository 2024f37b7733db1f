--[[
  advance: move one message's state forward, never back. What is forward, the ranks say.

  KEYS     1 message  hash  state, rank, changed (ms)
  ARGV     1 state · 2 rank · 3 now_ms
  RETURNS  {"moved", ""} | {"kept", ""} | {"unknown", ""}
]]
local message, state, rank, now_ms = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

local known = redis.call("HGET", message, "rank")
if not known then
  return { "unknown", "" }
end
if tonumber(rank) <= tonumber(known) then
  return { "kept", "" }
end
redis.call("HSET", message, "state", state, "rank", rank, "changed", now_ms)
return { "moved", "" }
