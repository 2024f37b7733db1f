--[[
  bind_carrier_id: binds a carrier's id to one message, and to no other later. It decides nothing.

  KEYS     1 carrier  string  the message id; expires
           2 parked   list    receipts that came before; see park_receipt
  ARGV     1 message_id · 2 keep_ms
  RETURNS  {"bound", receipts}    the id is bound to the message, now or from before; the receipts
                                  stay until they expire, as the client library may retry the call
           {"taken", message_id}  it is bound to another message
]]
local carrier, parked = KEYS[1], KEYS[2]
local message_id, keep_ms = unpack(ARGV)

local owner = redis.call("GET", carrier)
if owner and owner ~= message_id then
  return {"taken", owner}
end

redis.call("SET", carrier, message_id, "PX", keep_ms)
return {"bound", redis.call("LRANGE", parked, 0, -1)}
