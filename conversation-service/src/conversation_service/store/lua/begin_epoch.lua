--[[
  begin_epoch: an operator has accepted a restored copy: count from here, under a higher epoch than
  any that was seen.

  KEYS     1 epoch  hash  epoch, time (ms), pending; "seen:<observer>": steps
  ARGV     1 observer · 2 epoch that it saw last, 0 for none
  RETURNS  {"current", epoch, step, time (ms)}
]]
local key = KEYS[1]
local observer, seen_epoch = "seen:" .. ARGV[1], tonumber(ARGV[2])

local now = redis.call("TIME")
local now_ms = string.format("%d", now[1] * 1000 + math.floor(now[2] / 1000))
local stored = redis.call("HGET", key, "epoch")
-- Other observers may have seen epochs that neither Redis nor this one knows: their time is over.
local epoch = string.format("%d", math.max(tonumber(stored or 0) + 1, seen_epoch + 1, tonumber(now_ms)))
redis.call("DEL", key)
redis.call("HSET", key, "epoch", epoch, "time", now_ms, observer, 1)
return { "current", epoch, "1", now_ms }
