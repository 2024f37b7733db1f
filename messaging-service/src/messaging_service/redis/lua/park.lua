--[[
  park: keeps a receipt until its text is known. It decides nothing.

  KEYS     1 carrier  string  see name
           2 parked   list    receipts, the first one first; expires
  ARGV     1 receipt · 2 the most that are kept · 3 keep_ms
  RETURNS  {"named", message_id}  the text is known meanwhile; nothing is kept
           {"parked"}             it waits, now or from before
           {"full"}               as many wait as may; this one is not kept
]]
local carrier, parked = KEYS[1], KEYS[2]
local receipt, limit, keep_ms = unpack(ARGV)

local owner = redis.call("GET", carrier)
if owner then
  return {"named", owner}
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
