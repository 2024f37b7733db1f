--[[
  record_duplicate: record the first few times that a message is handed in again, while its
  conversation is stored; nothing is recorded about a conversation that was erased.

  KEYS     1 duplicates  counter  how often; expires
           2 events      stream   type, at (ms), conversation, participant, message, detail
           3 message     string   record, as commit.lua describes it; there is none of a keyword
  ARGV     1 now_ms · 2 counter_ms · 3 how many are recorded · 4 event type
           5 conversation id, "" to read it from the message · 6 participant id
           7 message id, "" for a keyword
           8 prefix of the keys of timelines (list of event ids without their hyphen; in the slot
             of all keys of the pool)
  RETURNS  {"recorded", ""} | {"counted", ""}
]]
local duplicates, events, message = KEYS[1], KEYS[2], KEYS[3]
local now_ms, counter_ms, limit, kind, conversation, participant, id, timeline_prefix = unpack(ARGV)

local count = redis.call("INCR", duplicates)
if count == 1 then
  redis.call("PEXPIRE", duplicates, counter_ms)
end
if conversation == "" then
  conversation = string.match(redis.call("GET", message) or "", "^%S+ %S* %S* (%S*)") or ""
end
local timeline = timeline_prefix .. conversation
if count > tonumber(limit) or redis.call("EXISTS", timeline) == 0 then
  return { "counted", "" }
end
local event = redis.call("XADD", events, "*", "type", kind, "at", now_ms, "conversation",
  conversation, "participant", participant, "message", id, "detail", "")
redis.call("RPUSHX", timeline, (string.gsub(event, "-", "")))
return { "recorded", "" }
