--[[
  load: read everything that one decision needs in one round trip. It writes and decides nothing.

  KEYS     the keys to read, in groups
  ARGV     1 prefix of the keys of conversations: those behind pointers are read under it. They are
             in the slot of all keys of the pool
           2+ for each group: kind, number of keys
  RETURNS  a list for each group, with an item for each of its keys:
             string   its value, "" if there is none
             pointer  {id, record}: a string that is the id of a conversation, and the record of
                      that conversation; "" for either that is missing
             list, hash   its items; its fields and values
             zset     its members and scores
]]
local prefix = ARGV[1]

local function get(key)
  return redis.call("GET", key) or ""
end

local readers = {
  string = get,
  pointer = function(key)
    local id = get(key)
    return { id, id ~= "" and get(prefix .. id) or "" }
  end,
  list = function(key)
    return redis.call("LRANGE", key, 0, -1)
  end,
  hash = function(key)
    return redis.call("HGETALL", key)
  end,
  zset = function(key)
    return redis.call("ZRANGE", key, 0, -1, "WITHSCORES")
  end,
}

local reply, index = {}, 1
for argument = 2, #ARGV, 2 do
  local read, items = readers[ARGV[argument]], {}
  for _ = 1, tonumber(ARGV[argument + 1]) do
    table.insert(items, read(KEYS[index]))
    index = index + 1
  end
  table.insert(reply, items)
end
return reply
