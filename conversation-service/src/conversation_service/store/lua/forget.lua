--[[
  forget: remove an ended conversation, and the answers to clients that hold it. Which of its traces
  go as well, the caller says.

  KEYS     1 conversation   string  etag, a line break, body (sealed)
           2 timeline       list    ids of events without their hyphen
           3 answers        zset    hashes of the intents whose receipts hold the conversation
           4 deadlines      zset
           5 conversations  zset
           6 events         stream  type, at (ms), conversation, participant, message, detail
           7+ histories     zset    ids of ended conversations of a participant
  ARGV     1 conversation id · 2 the etag that it must have, "" for any or none
           3 what stands in front of a hash in the key of a receipt (string: fingerprint, a line
             break, answer) · 4 and in front of a message id in the key of a message; both live in
             the slot of all keys of the pool
           5 "traces" if its events and messages go too, else "" · 6 now_ms
  RETURNS  {"done", ""} | {"moved", ""}
           Only "done" writes. Of a receipt the fingerprint stays, as long as it would have.
]]
local conversation, timeline, answers, deadlines, conversations, events = unpack(KEYS, 1, 6)
local first_history, milliseconds = 7, 13
local id, etag, receipt_prefix, message_prefix, traces, now_ms = unpack(ARGV)

local function head(value)
  return string.match(value, "^[^\n]*")
end

if etag ~= "" and head(redis.call("GET", conversation) or "") ~= etag then
  return { "moved", "" }
end

for _, intent in ipairs(redis.call("ZRANGE", answers, 0, -1)) do
  local receipt = receipt_prefix .. intent
  local stored = redis.call("GET", receipt)
  if stored then
    redis.call("SET", receipt, head(stored) .. "\n", "KEEPTTL")
  end
end

if traces ~= "" then
  for _, listed in ipairs(redis.call("LRANGE", timeline, 0, -1)) do
    local event = string.sub(listed, 1, milliseconds) .. "-" .. string.sub(listed, milliseconds + 1)
    local found = redis.call("XRANGE", events, event, event)[1]
    if found then
      local fields = found[2]
      for at = 1, #fields, 2 do
        if fields[at] == "message" and fields[at + 1] ~= "" then
          redis.call("DEL", message_prefix .. fields[at + 1])
        end
      end
      redis.call("XDEL", events, event)
    end
  end
  redis.call("XADD", events, "*", "type", "CONVERSATION_ERASED", "at", now_ms, "conversation", id,
    "participant", "", "message", "", "detail", "")
end

redis.call("DEL", conversation, timeline, answers)
redis.call("ZREM", deadlines, id)
redis.call("ZREM", conversations, id)
for at = first_history, #KEYS do
  redis.call("ZREM", KEYS[at], id)
end
return { "done", "" }
