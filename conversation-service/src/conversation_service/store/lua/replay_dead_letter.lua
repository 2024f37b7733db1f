--[[
  replay_dead_letter: put a dead letter back at the end of the outbox. It decides nothing.

  KEYS     1 request  string  message id of the first response; expires
           2 dead     stream  the outbox entry: message, at (ms), text (encrypted); reason, died (ms)
           3 outbox   stream  message, at (ms), text (encrypted)
           4 events   stream  type, at (ms), conversation, participant, message, detail
           5 message  string  record, as commit.lua describes it; expires
  ARGV     1 dead letter id · 2 message id · 3 now_ms · 4 request_ms
           5 how long the message is kept at least (ms)
           6 prefix of the keys of timelines (list of event ids without their hyphen; in the slot
             of all keys of the pool)
  RETURNS  {"done", message id} | {"repeat", message id} | {"missing", ""}
           Only "done" writes. A message that has expired is not created again.
]]
local request, dead, outbox, events, message = unpack(KEYS)
local letter_id, id, now_ms, request_ms, message_ms, timeline_prefix = unpack(ARGV)

local earlier = redis.call("GET", request)
if earlier then
  return { "repeat", earlier }
end
local letter = redis.call("XRANGE", dead, letter_id, letter_id)[1]
if not letter then
  return { "missing", "" }
end

local fields = {}
for index = 1, #letter[2], 2 do
  fields[letter[2][index]] = letter[2][index + 1]
end
redis.call("SET", request, id, "PX", request_ms)
redis.call("XADD", outbox, "*", "message", id, "at", now_ms, "text", fields.text)
redis.call("XDEL", dead, letter_id)
redis.call("PEXPIRE", message, message_ms, "GT")
local conversation = string.match(redis.call("GET", message) or "", "^%S+ %S* %S* (%S*)") or ""
local event = redis.call("XADD", events, "*", "type", "MESSAGE_REPLAYED", "at", now_ms,
  "conversation", conversation, "participant", "", "message", id, "detail", "")
redis.call("RPUSHX", timeline_prefix .. conversation, (string.gsub(event, "-", "")))
return { "done", id }
