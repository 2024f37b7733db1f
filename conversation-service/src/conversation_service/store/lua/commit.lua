--[[
  commit: apply one decided change, exactly once. It decides nothing.

  KEYS     1 receipt        string  fingerprint, a line break, answer (sealed or ""); expires
           2 outbox         stream  one entry per text: message, at (ms), text (sealed)
           3 deadlines      zset    conversation id, scored with when time changes it (ms)
           4 conversations  zset    conversation id, score 0
           5 conversation   string  etag, a line break, body (sealed); expires once it is over
           6 silence        string  expires
           7+ claims        string  must not exist; become the conversation's id
              releases      string  deleted
              messages      hash    state, rank, accepted (ms); expire
  ARGV     1 fingerprint · 2 answer (sealed or "") · 3 receipt_ms · 4 now_ms
           5 conversation id, "" to leave conversations alone · 6 etag before, "" for a new one
           7 etag after · 8 body after · 9 due_ms · 10 conversation_ms, 0 to keep it
           11 silence_ms, 0 for none · 12 code_ms, how long the last claim lives, 0 to keep it
           13 number of claims · 14 number of releases · 15 message_ms
           16+ for each message: its id, its sealed text
  RETURNS  {"done", ""} | {"repeat", answer} | {"reused", ""} | {"conflict", ""}
           Only "done" writes.
]]
local receipt, outbox, deadlines, conversations = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local conversation, silence = KEYS[5], KEYS[6]
local fingerprint, answer, receipt_ms, now_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local id, etag_before, etag_after, body = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local due_ms, conversation_ms, silence_ms, code_ms = ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local claims, releases, message_ms = tonumber(ARGV[13]), tonumber(ARGV[14]), ARGV[15]
local first_claim, first_release = 7, 7 + claims
local first_message, first_text = 7 + claims + releases, 16

local function head(value)
  return string.match(value, "^[^\n]*")
end

local earlier = redis.call("GET", receipt)
if earlier then
  if head(earlier) == fingerprint then
    return { "repeat", string.sub(earlier, #fingerprint + 2) }
  end
  return { "reused", "" }
end

if id ~= "" and head(redis.call("GET", conversation) or "") ~= etag_before then
  return { "conflict", "" }
end
for at = first_claim, first_release - 1 do
  if redis.call("EXISTS", KEYS[at]) == 1 then
    return { "conflict", "" }
  end
end

redis.call("SET", receipt, fingerprint .. "\n" .. answer, "PX", receipt_ms)
for at = first_release, first_message - 1 do
  redis.call("DEL", KEYS[at])
end
for at = first_claim, first_release - 1 do
  redis.call("SET", KEYS[at], id)
end
if code_ms ~= "0" then
  redis.call("PEXPIRE", KEYS[first_release - 1], code_ms)
end
if id ~= "" then
  redis.call("SET", conversation, etag_after .. "\n" .. body)
  redis.call("ZADD", deadlines, due_ms, id)
  if etag_before == "" then
    redis.call("ZADD", conversations, 0, id)
  end
  if conversation_ms ~= "0" then
    redis.call("PEXPIRE", conversation, conversation_ms)
  end
end
if silence_ms ~= "0" then
  redis.call("SET", silence, "", "PX", silence_ms)
end
for at = first_message, #KEYS do
  local text = first_text + 2 * (at - first_message)
  redis.call("HSET", KEYS[at], "state", "ACCEPTED", "rank", 0, "accepted", now_ms)
  redis.call("PEXPIRE", KEYS[at], message_ms)
  redis.call("XADD", outbox, "*", "message", ARGV[text], "at", now_ms, "text", ARGV[text + 1])
end
return { "done", "" }
