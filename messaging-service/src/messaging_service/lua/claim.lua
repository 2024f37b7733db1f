--[[
  claim: takes one text for sending, at most once. It decides nothing.

  KEYS     1 message  hash  fingerprint, pool, state, rank, accept_ms, update_ms; with an attempt
                            token, claim_ms; when known carrier_id, code, refusal; expires
  ARGV     1 fingerprint · 2 pool · 3 token · 4 state of a claimed text · 5 its rank · 6 now_ms ·
           7 keep_ms
  RETURNS  {"claimed"}               the token holds the text; answered to that token again, for
                                     the call may be repeated by the client library
           {"in_progress", message}  another token holds it
           {"repeat", message}       it went further than that
           {"reused"}                the id was used for another text
           A message is the fields and values of the hash in turn. Only "claimed" writes.
]]
local message = KEYS[1]
local fingerprint, pool, token, state, rank, now_ms, keep_ms = unpack(ARGV)

local held = redis.call("HMGET", message, "fingerprint", "state", "token")
if held[1] and held[1] ~= fingerprint then
  return {"reused"}
end
if held[2] and held[2] ~= state then
  return {"repeat", redis.call("HGETALL", message)}
end
if held[3] and held[3] ~= token then
  return {"in_progress", redis.call("HGETALL", message)}
end

redis.call("HSET", message, "fingerprint", fingerprint, "pool", pool, "state", state,
  "rank", rank, "token", token, "claim_ms", now_ms)
redis.call("HSETNX", message, "accept_ms", now_ms)
redis.call("HSETNX", message, "update_ms", now_ms)
redis.call("PEXPIRE", message, keep_ms)
return {"claimed"}
