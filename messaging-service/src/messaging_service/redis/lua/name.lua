--[[
  name: gives a carrier's id to one text, and to no other after it. It decides nothing.

  KEYS     1 carrier  string  the text's id; expires
           2 parked   list    receipts that came before; see park
  ARGV     1 message_id · 2 keep_ms
  RETURNS  {"named", receipts}    the id is the text's, now or from before; the receipts stay until
                                  they expire, for the call may be repeated
           {"taken", message_id}  it is another text's
]]
local carrier, parked = KEYS[1], KEYS[2]
local message_id, keep_ms = unpack(ARGV)

local owner = redis.call("GET", carrier)
if owner and owner ~= message_id then
  return {"taken", owner}
end

redis.call("SET", carrier, message_id, "PX", keep_ms)
return {"named", redis.call("LRANGE", parked, 0, -1)}
