--[[
  load: everything one decision needs, in one round trip. It writes and decides nothing.

  KEYS     1 receipt        hash    fingerprint, answer
           2 silence        string
           3 conversation   hash    etag, body; the one asked for by id
           4+ pointers      string  conversation id: routes of lines, and a code
  ARGV     1 what stands in front of a conversation id in its key. A pointer's conversation is
             read here under that name: it lives in the slot of all keys of the pool
  RETURNS  {fingerprint, answer, silenced, etag, body, then id, etag, body for each pointer};
           what is not there is ""
]]
local receipt, silence, conversation, prefix = KEYS[1], KEYS[2], KEYS[3], ARGV[1]

local function fields(key, first, second)
  local found = redis.call("HMGET", key, first, second)
  return found[1] or "", found[2] or ""
end

local fingerprint, answer = fields(receipt, "fingerprint", "answer")
local etag, body = fields(conversation, "etag", "body")
local found = { fingerprint, answer, tostring(redis.call("EXISTS", silence)), etag, body }

for at = 4, #KEYS do
  local id = redis.call("GET", KEYS[at]) or ""
  local pointed_etag, pointed_body = "", ""
  if id ~= "" then
    pointed_etag, pointed_body = fields(prefix .. id, "etag", "body")
  end
  table.insert(found, id)
  table.insert(found, pointed_etag)
  table.insert(found, pointed_body)
end
return found
