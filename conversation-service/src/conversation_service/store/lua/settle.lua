--[[
  settle: texts have been answered for. Their states move forward, what happened to them is told,
  they leave the outbox, and the outbox is trimmed behind the oldest text that is still owed.

  KEYS     1 lease     string  the holder's token
           2 outbox    stream
           3 events    stream  type, at (ms), conversation, participant, message, detail
           4+ messages hash    state, rank, changed (ms), conversation
  ARGV     1 the caller's token · 2 group · 3 now_ms
           4 what stands in front of a conversation id in the key of its timeline (list of event
             ids without their hyphen; lives in the slot of all keys of the pool)
           5+ for each message: entry id, message id, state, rank, event type ("" for none), detail
  RETURNS  {"done", ""} | {"fenced", ""}
           Only "done" writes. A message that has been forgotten is not made anew.
]]
local lease, outbox, events = KEYS[1], KEYS[2], KEYS[3]
local token, group, now_ms, timeline_prefix = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local first_message, first_entry, width = 4, 5, 6

local function tell(conversation, id, kind, detail)
  if kind == "" or not conversation or conversation == "" then
    return
  end
  local event = redis.call("XADD", events, "*", "type", kind, "at", now_ms, "conversation",
    conversation, "participant", "", "message", id, "detail", detail)
  redis.call("RPUSHX", timeline_prefix .. conversation, (string.gsub(event, "-", "")))
end

if redis.call("GET", lease) ~= token then
  return { "fenced", "" }
end

for at = first_message, #KEYS do
  local entry = first_entry + width * (at - first_message)
  local entry_id, id, state, rank, kind, detail = unpack(ARGV, entry, entry + width - 1)
  local known, conversation = unpack(redis.call("HMGET", KEYS[at], "rank", "conversation"))
  if known and tonumber(rank) > tonumber(known) then
    redis.call("HSET", KEYS[at], "state", state, "rank", rank, "changed", now_ms)
    tell(conversation, id, kind, detail)
  end
  redis.call("XACK", outbox, group, entry_id)
end

local owed = redis.call("XPENDING", outbox, group)
if owed[1] > 0 then
  redis.call("XTRIM", outbox, "MINID", owed[2])
else
  local last_read = redis.call("XINFO", "GROUPS", outbox)[1][8]
  redis.call("XTRIM", outbox, "MINID", last_read)
  redis.call("XDEL", outbox, last_read)
end
return { "done", "" }
