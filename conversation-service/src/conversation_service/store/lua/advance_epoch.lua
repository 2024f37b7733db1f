--[[
  advance_epoch: compare how far Redis has got with what an observer saw last, and count one step.
  A Redis that is behind, because an older copy was restored or everything was lost, stays marked
  until an operator accepts the restore; then it counts no step.

  KEYS     1 epoch  hash  epoch, time (ms), pending; "seen:<observer>": steps
  ARGV     1 observer · 2 epoch and 3 step that it saw last, 0 for none
  RETURNS  {status, epoch, step, time (ms) of the last step}; status is "current" or "behind"
]]
local key = KEYS[1]
local observer, seen_epoch, seen_step = "seen:" .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local stored = redis.call("HMGET", key, "epoch", "time", "pending", observer)
local epoch, step = tonumber(stored[1] or 0), tonumber(stored[4] or 0)
local time, pending = stored[2] or "0", stored[3]

local is_behind = epoch < seen_epoch or (epoch == seen_epoch and step < seen_step)
if is_behind and not pending then
  redis.call("HSET", key, "pending", 1)
end
if is_behind or pending then
  return { "behind", tostring(epoch), tostring(step), time }
end

local now = redis.call("TIME")
local now_ms = string.format("%d", now[1] * 1000 + math.floor(now[2] / 1000))
if epoch == 0 then
  redis.call("HSET", key, "epoch", 1)
  epoch = 1
end
step = redis.call("HINCRBY", key, observer, 1)
redis.call("HSET", key, "time", now_ms)
return { "current", tostring(epoch), tostring(step), now_ms }
