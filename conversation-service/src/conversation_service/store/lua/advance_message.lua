--[[
  advance_message: move the state of one message forward, never back, and record the event. Ranks
  say which state is further.

  KEYS     1 message  hash    state, rank, changed (ms), detail, conversation, to
           2 events   stream  type, at (ms), conversation, participant, message, detail
  ARGV     1 message id · 2 state · 3 rank · 4 now_ms · 5 event type, "" for none · 6 detail
           7 prefix of the keys of timelines (list of event ids without their hyphen; in the slot
             of all keys of the pool)
  RETURNS  {"moved", recipient} | {"kept", recipient} | {"unknown", ""}
]]
local message, events = KEYS[1], KEYS[2]
local id, state, rank, now_ms, kind, detail, timeline_prefix = unpack(ARGV)

local current, conversation, recipient =
  unpack(redis.call("HMGET", message, "rank", "conversation", "to"))
if not current then
  return { "unknown", "" }
end
if tonumber(rank) <= tonumber(current) then
  return { "kept", recipient or "" }
end
redis.call("HSET", message, "state", state, "rank", rank, "changed", now_ms)
if detail ~= "" then
  redis.call("HSET", message, "detail", detail)
end
if kind ~= "" and conversation and conversation ~= "" then
  local event = redis.call("XADD", events, "*", "type", kind, "at", now_ms, "conversation",
    conversation, "participant", "", "message", id, "detail", detail)
  redis.call("RPUSHX", timeline_prefix .. conversation, (string.gsub(event, "-", "")))
end
return { "moved", recipient or "" }
