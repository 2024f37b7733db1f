--[[
  purge: remove an ended conversation and the stored responses that contain it; its events and
  messages as well if the caller asks for that.

  KEYS     1 conversation   string  etag, a line break, body (encrypted)
           2 timeline       list    ids of events without their hyphen
           3 responses      zset    hashes of the commands whose responses contain the conversation
           4 deadlines      zset
           5 events         stream  type, at (ms), conversation, participant, message, detail
           6+ lists         zset    ids of conversations: those in a state, or of a participant
  ARGV     1 conversation id · 2 the etag that it must have, "" for any or none
           3 prefix of the keys of idempotency records (string: fingerprint, a line break,
             response) · 4 of messages; both are in the slot of all keys of the pool
           5 "traces" to remove events and messages, else "" · 6 now_ms
           7 how many events are removed at once
  RETURNS  {"done", ""} | {"more", ""} | {"moved", ""}
           "moved" writes nothing. "more" has removed responses and the oldest events and messages:
           repeat the call. The fingerprint of an idempotency record stays until it expires.
]]
local conversation, timeline, responses, deadlines, events = unpack(KEYS, 1, 5)
local first_list, ms_digits = 6, 13
local id, etag, idempotency_prefix, message_prefix, traces, now_ms, at_once = unpack(ARGV)

local function head(value)
  return string.match(value, "^[^\n]*")
end

if etag ~= "" and head(redis.call("GET", conversation) or "") ~= etag then
  return { "moved", "" }
end

for _, command in ipairs(redis.call("ZRANGE", responses, 0, -1)) do
  local idempotency = idempotency_prefix .. command
  local stored = redis.call("GET", idempotency)
  if stored then
    redis.call("SET", idempotency, head(stored) .. "\n", "KEEPTTL")
  end
end

if traces ~= "" then
  for _, listed in ipairs(redis.call("LRANGE", timeline, 0, at_once - 1)) do
    local event = string.sub(listed, 1, ms_digits) .. "-" .. string.sub(listed, ms_digits + 1)
    local entry = redis.call("XRANGE", events, event, event)[1]
    if entry then
      local fields = entry[2]
      for index = 1, #fields, 2 do
        if fields[index] == "message" and fields[index + 1] ~= "" then
          redis.call("DEL", message_prefix .. fields[index + 1])
        end
      end
      redis.call("XDEL", events, event)
    end
  end
  redis.call("LTRIM", timeline, at_once, -1)
  if redis.call("EXISTS", timeline) == 1 then
    return { "more", "" }
  end
  redis.call("XADD", events, "*", "type", "CONVERSATION_ERASED", "at", now_ms, "conversation", id,
    "participant", "", "message", "", "detail", "")
end

redis.call("DEL", conversation, timeline, responses)
redis.call("ZREM", deadlines, id)
for index = first_list, #KEYS do
  redis.call("ZREM", KEYS[index], id)
end
return { "done", "" }
