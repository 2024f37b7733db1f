--[[
  park_receipt: keeps a receipt until the carrier's id is bound to a message. It decides nothing.

  KEYS     1 carrier  string  see bind_carrier_id
           2 parked   list    receipts in order of arrival; expires
  ARGV     1 receipt · 2 limit of receipts · 3 keep_ms
  RETURNS  {"bound", message_id}  the id is bound by now; nothing is kept
           {"parked"}             the receipt is kept, now or from before
           {"full"}               the limit is reached; this receipt is not kept
]]
local carrier, parked = KEYS[1], KEYS[2]
local receipt, limit, keep_ms = unpack(ARGV)

local owner = redis.call("GET", carrier)
if owner then
  return {"bound", owner}
end
if redis.call("LPOS", parked, receipt) then
  return {"parked"}
end
if redis.call("LLEN", parked) >= tonumber(limit) then
  return {"full"}
end

redis.call("RPUSH", parked, receipt)
redis.call("PEXPIRE", parked, keep_ms)
return {"parked"}
