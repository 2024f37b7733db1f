--[[
  claim: takes one text for sending, one attempt at a time. It decides nothing.

  KEYS     1 message  hash  fingerprint, pool, state, rank, accept_ms, update_ms; with an attempt
                            token, claim_ms; of lost answers since_ms, resends, resolution, and
                            while one is looked into unknown_ms, looked; with files media,
                            refused_media; when known carrier_id, code, refusal; expires
  ARGV     1 fingerprint · 2 pool · 3 token · 4 state of a claimed text · 5 its rank ·
           6 state of a text whose answer was lost · 7 now_ms · 8 keep_ms
  RETURNS  {"claimed"}               the token holds the text; answered to that token again, for
                                     the call may be repeated by the client library
           {"in_progress", message}  another token holds it
           {"repeat", message}       it went further than that, or its lost answer is looked into
           {"reused"}                the id was used for another text
           A message is the fields and values of the hash in turn. Only "claimed" writes, and
           leaves the state of a text that is sent again.
]]
local message = KEYS[1]
local fingerprint, pool, token, state, rank, unknown, now_ms, keep_ms = unpack(ARGV)

local held = redis.call("HMGET", message, "fingerprint", "state", "token", "unknown_ms")
if held[1] and held[1] ~= fingerprint then
  return {"reused"}
end
if held[2] and held[2] ~= state and (held[2] ~= unknown or held[4]) then
  return {"repeat", redis.call("HGETALL", message)}
end
if held[3] and held[3] ~= token then
  return {"in_progress", redis.call("HGETALL", message)}
end

redis.call("HSET", message, "fingerprint", fingerprint, "pool", pool, "token", token,
  "claim_ms", now_ms)
redis.call("HSETNX", message, "state", state)
redis.call("HSETNX", message, "rank", rank)
redis.call("HSETNX", message, "accept_ms", now_ms)
redis.call("HSETNX", message, "update_ms", now_ms)
redis.call("PEXPIRE", message, keep_ms)
return {"claimed"}
