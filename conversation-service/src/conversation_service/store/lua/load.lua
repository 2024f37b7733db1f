--[[
  load: everything one decision needs, in one round trip. It writes and decides nothing.

  KEYS     1 receipt        string
           2 silence        string
           3 conversation   string  the one asked for by id
           4+ pointers      string  conversation id: routes of lines, and a code
  ARGV     1 what stands in front of a conversation id in its key. A pointer's conversation is
             read here under that name: it lives in the slot of all keys of the pool
  RETURNS  {receipt, silenced, conversation, then id, conversation for each pointer};
           what is not there is ""
]]
local receipt, silence, conversation, prefix = KEYS[1], KEYS[2], KEYS[3], ARGV[1]

local function get(key)
  return redis.call("GET", key) or ""
end

local found = { get(receipt), tostring(redis.call("EXISTS", silence)), get(conversation) }
for at = 4, #KEYS do
  local id = get(KEYS[at])
  table.insert(found, id)
  table.insert(found, id ~= "" and get(prefix .. id) or "")
end
return found
