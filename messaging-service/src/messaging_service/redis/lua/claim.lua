--[[
  claim: takes one text for sending, one attempt at a time. It decides nothing.

  KEYS     1 message  hash  fingerprint, pool, state, rank, accept_ms, update_ms; with an attempt
                            attempt_id, claim_ms; of lost answers since_ms, resends, resolution, and
                            while one is looked into unknown_ms, looked; with files media,
                            refused_media; when known carrier_id, code, refusal; expires
  ARGV     1 pool · 2 attempt_id · 3 state of a claimed text · 4 its rank ·
           5 state of a text whose answer was lost · 6 now_ms · 7 keep_ms ·
           8+ the text's fingerprint under each key: the first is written, any is recognised
  RETURNS  {"claimed"}               the attempt holds the text; answered to it again, for the
                                     call may be repeated by the client library
           {"in_progress", message}  another attempt holds it
           {"repeat", message}       it went further than that, or its lost answer is looked into
           {"reused"}                the id was used for another text
           A message is the fields and values of the hash in turn. Only "claimed" writes, and
           leaves the state of a text that is sent again.
]]
local message = KEYS[1]
local pool, attempt_id, state, rank, unknown, now_ms, keep_ms = unpack(ARGV, 1, 7)
local fingerprint, is_same = ARGV[8], false

local held = redis.call("HMGET", message, "fingerprint", "state", "attempt_id", "unknown_ms")
for at = 8, #ARGV do
  is_same = is_same or held[1] == ARGV[at]
end
if held[1] and not is_same then
  return {"reused"}
end
if held[2] and held[2] ~= state and (held[2] ~= unknown or held[4]) then
  return {"repeat", redis.call("HGETALL", message)}
end
if held[3] and held[3] ~= attempt_id then
  return {"in_progress", redis.call("HGETALL", message)}
end

redis.call("HSET", message, "fingerprint", fingerprint, "pool", pool, "attempt_id", attempt_id,
  "claim_ms", now_ms)
redis.call("HSETNX", message, "state", state)
redis.call("HSETNX", message, "rank", rank)
redis.call("HSETNX", message, "accept_ms", now_ms)
redis.call("HSETNX", message, "update_ms", now_ms)
redis.call("PEXPIRE", message, keep_ms)
return {"claimed"}
