--[[
  commit: apply one decided change, exactly once. It decides nothing.

  KEYS     1 idempotency  string  fingerprint, a line break, response; expires
           2 outbox       stream  one entry per message: message, at (ms), text (encrypted)
           3 events       stream  one entry per event: type, at (ms), conversation, participant,
                                  message, detail
           4 trimmed      string  id of the newest event that has been removed
           5+ the keys of checks and writes, which refer to them by their index
  ARGV     1 fingerprint · 2 response · 3 idempotency_ms · 4 now_ms · 5 message_ms, how long a timeline is
             kept whose conversation is gone
           6 prefix of the keys of timelines (list of event ids without their hyphen; in the slot
             of all keys of the pool; expires with the conversation)
           7 how many ids of removed events leave a timeline with each new one
           8 prefix of the keys of conversations, in the same slot
           9 number of checks · 10 of writes · 11 of messages · 12 of events, then
           for each check:    kind, index of the key, expected. "head": the first line of the string
                              is the expected one, "" for no string. "value": the whole string
                              is. "unset": the hash does not have the expected field
           for each write:    number of words, command, index of the key, further words. "TALLY" is
                              HINCRBY that deletes the field at 0. "ADVANCE" replaces the state of
                              a message, when it changed (ms), and unless it is "" the detail
           for each message:  index of its key (string: rank and letter of the state, changed (ms),
                              to, conversation, at (ms, hexadecimal), content, detail; expires),
                              message id, how long it is kept (ms), encrypted payload, record,
                              "" if it has one
           for each event:    type, conversation id, participant id, message id, detail
  RETURNS  {"done", ""} | {"repeat", response} | {"reused", ""} | {"conflict", ""}
           Only "done" writes.
]]
local idempotency, outbox, events = KEYS[1], KEYS[2], KEYS[3]
local trimmed = KEYS[4]
local fingerprint, response, idempotency_ms, now_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local message_ms, timeline_prefix, most_dropped = ARGV[5], ARGV[6], tonumber(ARGV[7])
local conversation_prefix = ARGV[8]
local check_count, write_count, message_count, event_count =
  tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local next_argument, ms_digits = 13, 13

local function take(count)
  local first = next_argument
  next_argument = first + count
  return unpack(ARGV, first, first + count - 1)
end

local function head(value)
  return string.match(value, "^[^\n]*")
end

local function holds(kind, key, expected)
  if kind == "unset" then
    return redis.call("HEXISTS", key, expected) == 0
  end
  local stored = redis.call("GET", key) or ""
  return (kind == "head" and head(stored) or stored) == expected
end

local function advance(message, state, now, detail)
  local kept, former =
    string.match(redis.call("GET", message) or "", "^%S+ %d*( %S* %S* %x+ %S+)(.*)$")
  if kept then
    local reason = detail ~= "" and " " .. detail or former
    redis.call("SET", message, state .. " " .. now .. kept .. reason, "KEEPTTL")
  end
end

-- A conversation may have been purged since the decision; nothing else would delete its timeline.
local function expire_with_conversation(timeline, conversation)
  local left = redis.call("PTTL", conversation_prefix .. conversation)
  if left ~= -1 then
    redis.call("PEXPIRE", timeline, left > 0 and left or message_ms)
  end
end

-- Nothing else bounds a timeline. Events are trimmed by their milliseconds alone.
local function drop_trimmed(timeline, trimmed_ms)
  for _ = 1, most_dropped do
    local oldest = redis.call("LINDEX", timeline, 0)
    if not oldest or tonumber(string.sub(oldest, 1, ms_digits)) > trimmed_ms then
      return
    end
    redis.call("LPOP", timeline)
  end
end

local earlier = redis.call("GET", idempotency)
if earlier then
  if head(earlier) == fingerprint then
    return { "repeat", string.sub(earlier, #fingerprint + 2) }
  end
  return { "reused", "" }
end

for _ = 1, check_count do
  local kind, index, expected = take(3)
  if not holds(kind, KEYS[tonumber(index)], expected) then
    return { "conflict", "" }
  end
end

redis.call("SET", idempotency, fingerprint .. "\n" .. response, "PX", idempotency_ms)
for _ = 1, write_count do
  local words = { take(tonumber((take(1)))) }
  words[2] = KEYS[tonumber(words[2])]
  if words[1] == "ADVANCE" then
    advance(unpack(words, 2))
  elseif words[1] ~= "TALLY" then
    redis.call(unpack(words))
  elseif redis.call("HINCRBY", words[2], words[3], words[4]) <= 0 then
    redis.call("HDEL", words[2], words[3])
  end
end
for _ = 1, message_count do
  local index, id, kept_ms, payload, record = take(5)
  local message = KEYS[tonumber(index)]
  if record ~= "" then
    redis.call("SET", message, record)
  end
  redis.call("PEXPIRE", message, kept_ms)
  redis.call("XADD", outbox, "*", "message", id, "at", now_ms, "text", payload)
end
local trimmed_ms = tonumber(string.match(redis.call("GET", trimmed) or "0", "^%d+"))
for _ = 1, event_count do
  local kind, conversation, participant, message, detail = take(5)
  local id = redis.call("XADD", events, "*", "type", kind, "at", now_ms,
    "conversation", conversation, "participant", participant, "message", message, "detail", detail)
  if conversation ~= "" then
    local timeline = timeline_prefix .. conversation
    local length = redis.call("RPUSH", timeline, (string.gsub(id, "-", "")))
    if length == 1 then
      expire_with_conversation(timeline, conversation)
    else
      drop_trimmed(timeline, trimmed_ms)
    end
  end
end
return { "done", "" }
