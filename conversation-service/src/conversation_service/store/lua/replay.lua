--[[
  replay: put a dead letter back into the outbox, behind everything else. It decides nothing.

  KEYS     1 receipt  string  the message id that was answered first; expires
           2 dead     stream  what the outbox had: message, at (ms), text (sealed); reason, died (ms)
           3 outbox   stream  message, at (ms), text (sealed)
           4 events   stream  type, at (ms), conversation, participant, message, detail
           5 message  hash    conversation; expires
  ARGV     1 id of the dead letter · 2 message id · 3 now_ms · 4 receipt_ms
           5 how long the message is known at the least (ms)
           6 what stands in front of a conversation id in the key of its timeline (list of event
             ids without their hyphen; lives in the slot of all keys of the pool)
  RETURNS  {"done", message id} | {"repeat", message id} | {"missing", ""}
           Only "done" writes. A message that has been forgotten is not made anew.
]]
local receipt, dead, outbox, events, message = unpack(KEYS)
local letter_id, id, now_ms, receipt_ms, message_ms, timeline_prefix = unpack(ARGV)

local earlier = redis.call("GET", receipt)
if earlier then
  return { "repeat", earlier }
end
local letter = redis.call("XRANGE", dead, letter_id, letter_id)[1]
if not letter then
  return { "missing", "" }
end

local fields = {}
for at = 1, #letter[2], 2 do
  fields[letter[2][at]] = letter[2][at + 1]
end
redis.call("SET", receipt, id, "PX", receipt_ms)
redis.call("XADD", outbox, "*", "message", id, "at", now_ms, "text", fields.text)
redis.call("XDEL", dead, letter_id)
redis.call("PEXPIRE", message, message_ms, "GT")
local conversation = redis.call("HGET", message, "conversation") or ""
local event = redis.call("XADD", events, "*", "type", "MESSAGE_REPLAYED", "at", now_ms,
  "conversation", conversation, "participant", "", "message", id, "detail", "")
redis.call("RPUSHX", timeline_prefix .. conversation, (string.gsub(event, "-", "")))
return { "done", id }
