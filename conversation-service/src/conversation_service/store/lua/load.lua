--[[
  load: everything one decision needs, in one round trip. It writes and decides nothing.

  KEYS     1 receipt  string
           2 version  string  of the pool
           then, as ARGV says, one list, one hash, one set, and some strings; the rest are
           pointers: strings that hold the id of a conversation
  ARGV     1 what stands in front of a conversation id in its key. A pointer's conversation is
             read here under that name: it lives in the slot of all keys of the pool
           2 "list", "hash" and "set", those that are there · 3 number of strings
  RETURNS  {receipt, version, list, hash, set, then each string, then id, conversation for each
           pointer}; what is not there is "" or an empty list
]]
local receipt, version = KEYS[1], KEYS[2]
local prefix, kinds, strings = ARGV[1], ARGV[2], tonumber(ARGV[3])
local at = 3

local function take()
  at = at + 1
  return KEYS[at - 1]
end

local function get(key)
  return redis.call("GET", key) or ""
end

local function asked(kind)
  return string.find(kinds, kind, 1, true)
end

local found = {
  get(receipt),
  get(version),
  asked("list") and redis.call("LRANGE", take(), 0, -1) or {},
  asked("hash") and redis.call("HGETALL", take()) or {},
  asked("set") and redis.call("SMEMBERS", take()) or {},
}
for _ = 1, strings do
  table.insert(found, get(take()))
end
while at <= #KEYS do
  local id = get(take())
  table.insert(found, id)
  table.insert(found, id ~= "" and get(prefix .. id) or "")
end
return found
