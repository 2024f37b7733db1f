--[[
  claim: claims a message for one attempt. It decides nothing.

  KEYS     1 message  hash  fingerprint, pool, state, rank, accept_ms, update_ms; of a claim
                            attempt_id, claim_ms; of uncertain sends since_ms, resends, resolution,
                            and while one is being resolved unknown_ms, looked; of attachments media,
                            refused_media; if known carrier_id; of a failure failure, code; expires
  ARGV     1 pool · 2 attempt_id · 3 state of a claimed message · 4 its rank ·
           5 state of an uncertain send · 6 now_ms · 7 keep_ms ·
           8+ fingerprints of the message, one per key: the first is stored, any is recognised
  RETURNS  {"claimed"}                the attempt has the claim, also when it asks again: the client
                                      library may retry the call
           {"in_progress", message}   another attempt has the claim
           {"already_sent", message}  the message is sent or refused, or is being resolved
           {"id_conflict"}            the id was used for another message
           A message is the fields and values of the hash in turn. Only "claimed" writes; it keeps
           the state of a message that is sent again.
]]
local message = KEYS[1]
local pool, attempt_id, claimed, rank, unknown, now_ms, keep_ms = unpack(ARGV, 1, 7)
local fingerprint, is_same = ARGV[8], false

local stored = redis.call("HMGET", message, "fingerprint", "state", "attempt_id", "unknown_ms")
for index = 8, #ARGV do
  is_same = is_same or stored[1] == ARGV[index]
end
if stored[1] and not is_same then
  return {"id_conflict"}
end
if stored[2] and stored[2] ~= claimed and (stored[2] ~= unknown or stored[4]) then
  return {"already_sent", redis.call("HGETALL", message)}
end
if stored[3] and stored[3] ~= attempt_id then
  return {"in_progress", redis.call("HGETALL", message)}
end

redis.call("HSET", message, "fingerprint", fingerprint, "pool", pool, "attempt_id", attempt_id,
  "claim_ms", now_ms)
redis.call("HSETNX", message, "state", claimed)
redis.call("HSETNX", message, "rank", rank)
redis.call("HSETNX", message, "accept_ms", now_ms)
redis.call("HSETNX", message, "update_ms", now_ms)
redis.call("PEXPIRE", message, keep_ms)
return {"claimed"}
