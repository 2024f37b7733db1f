--[[
  list_existing: which entries of a stream still exist. It writes nothing.

  KEYS     1 outbox  stream
  ARGV     1+ entry ids
  RETURNS  those of the entries that are in the stream, in the same order
]]
local outbox = KEYS[1]

local existing = {}
for _, id in ipairs(ARGV) do
  if #redis.call("XRANGE", outbox, id, id) > 0 then
    table.insert(existing, id)
  end
end
return existing
