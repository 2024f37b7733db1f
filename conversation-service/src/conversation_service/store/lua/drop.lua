--[[
  drop: remove a dead letter for good and move its message's state forward. What is forward, the
  ranks say.

  KEYS     1 receipt  string  the message id that was answered first; expires
           2 dead     stream
           3 events   stream  type, at (ms), conversation, participant, message, detail
           4 message  hash    state, rank, changed (ms), conversation
  ARGV     1 id of the dead letter · 2 message id, "" if it cannot be read · 3 now_ms · 4 receipt_ms
           5 state · 6 rank · 7 event type · 8 detail
           9 what stands in front of a conversation id in the key of its timeline (list of event
             ids without their hyphen; lives in the slot of all keys of the pool)
  RETURNS  {"done", message id} | {"repeat", message id} | {"missing", ""}
           Only "done" writes. A message that has been forgotten is not made anew.
]]
local receipt, dead, events, message = unpack(KEYS)
local letter_id, id, now_ms, receipt_ms, state, rank, kind, detail, timeline_prefix = unpack(ARGV)

local earlier = redis.call("GET", receipt)
if earlier then
  return { "repeat", earlier }
end
if redis.call("XDEL", dead, letter_id) == 0 then
  return { "missing", "" }
end

redis.call("SET", receipt, id, "PX", receipt_ms)
local known, conversation = unpack(redis.call("HMGET", message, "rank", "conversation"))
if known and tonumber(rank) > tonumber(known) then
  redis.call("HSET", message, "state", state, "rank", rank, "changed", now_ms)
end
conversation = conversation or ""
local event = redis.call("XADD", events, "*", "type", kind, "at", now_ms, "conversation",
  conversation, "participant", "", "message", id, "detail", detail)
redis.call("RPUSHX", timeline_prefix .. conversation, (string.gsub(event, "-", "")))
return { "done", id }
