--[[
  commit: apply one decided change, exactly once. It decides nothing.

  KEYS     1 receipt   string  fingerprint, a line break, answer; expires
           2 outbox    stream  one entry per text: message, at (ms), text (sealed)
           3 events    stream  one entry per event: type, at (ms), conversation, participant,
                               message, detail
           4+ the keys that checks and writes name by their place here
  ARGV     1 fingerprint · 2 answer · 3 receipt_ms · 4 now_ms · 5 message_ms
           6 what stands in front of a conversation id in the key of its timeline (list of event
             ids without their hyphen; lives in the slot of all keys of the pool and ends with the
             conversation) · 7 how many event ids it keeps
           8 what stands in front of it in the key of its record, in the same slot
           9 number of checks · 10 of writes · 11 of texts · 12 of events, then
           for each check:  kind, place of the key, expected. "head": the string's first line is
                            the expected one, "" where there is no string. "without": the set does
                            not hold the expected member. "unset": the hash does not have the
                            expected field
           for each write:  number of words, command, place of the key, further words. "TALLY" is
                            HINCRBY, and the field goes when nothing is left of it
           for each text:   place of its message key (hash: state, rank, accepted (ms),
                            conversation, recipient, talk; expires), message id, conversation
                            id, recipient, talk ("1" for a participant's words, else ""; then there
                            is no such field), sealed text
           for each event:  type, conversation id, participant id, message id, detail
  RETURNS  {"done", ""} | {"repeat", answer} | {"reused", ""} | {"conflict", ""}
           Only "done" writes.
]]
local receipt, outbox, events = KEYS[1], KEYS[2], KEYS[3]
local fingerprint, answer, receipt_ms, now_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local message_ms, timeline_prefix, timeline_length = ARGV[5], ARGV[6], tonumber(ARGV[7])
local record_prefix = ARGV[8]
local checks, writes, texts, happened =
  tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local at = 13

local function take(count)
  local taken = { unpack(ARGV, at, at + count - 1) }
  at = at + count
  return unpack(taken)
end

local function head(value)
  return string.match(value, "^[^\n]*")
end

local function holds(kind, key, expected)
  if kind == "without" then
    return redis.call("SISMEMBER", key, expected) == 0
  end
  if kind == "unset" then
    return redis.call("HEXISTS", key, expected) == 0
  end
  return head(redis.call("GET", key) or "") == expected
end

-- Nobody forgets the timeline of a conversation that was forgotten while this was decided.
local function expire_with_record(timeline, conversation)
  local left = redis.call("PTTL", record_prefix .. conversation)
  if left ~= -1 then
    redis.call("PEXPIRE", timeline, left > 0 and left or message_ms)
  end
end

local earlier = redis.call("GET", receipt)
if earlier then
  if head(earlier) == fingerprint then
    return { "repeat", string.sub(earlier, #fingerprint + 2) }
  end
  return { "reused", "" }
end

for _ = 1, checks do
  local kind, place, expected = take(3)
  if not holds(kind, KEYS[tonumber(place)], expected) then
    return { "conflict", "" }
  end
end

redis.call("SET", receipt, fingerprint .. "\n" .. answer, "PX", receipt_ms)
for _ = 1, writes do
  local words = { take(tonumber((take(1)))) }
  words[2] = KEYS[tonumber(words[2])]
  if words[1] ~= "TALLY" then
    redis.call(unpack(words))
  elseif redis.call("HINCRBY", words[2], words[3], words[4]) <= 0 then
    redis.call("HDEL", words[2], words[3])
  end
end
for _ = 1, texts do
  local place, id, conversation, recipient, talk, text = take(6)
  local message = KEYS[tonumber(place)]
  redis.call("HSET", message, "state", "ACCEPTED", "rank", 0, "accepted", now_ms,
    "conversation", conversation, "recipient", recipient)
  if talk ~= "" then
    redis.call("HSET", message, "talk", talk)
  end
  redis.call("PEXPIRE", message, message_ms)
  redis.call("XADD", outbox, "*", "message", id, "at", now_ms, "text", text)
end
for _ = 1, happened do
  local kind, conversation, participant, message, detail = take(5)
  local id = redis.call("XADD", events, "*", "type", kind, "at", now_ms,
    "conversation", conversation, "participant", participant, "message", message, "detail", detail)
  if conversation ~= "" then
    local timeline = timeline_prefix .. conversation
    local length = redis.call("RPUSH", timeline, (string.gsub(id, "-", "")))
    if length == 1 then
      expire_with_record(timeline, conversation)
    elseif length > timeline_length then
      redis.call("LTRIM", timeline, -timeline_length, -1)
    end
  end
end
return { "done", "" }
