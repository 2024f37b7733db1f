--[[
  trim: forget old events, and remember the last of them, so that a watch that was not yet there is
  told.

  KEYS     1 events  stream
           2 floor   string  the id of the newest event that has been forgotten
  ARGV     1 the oldest id to keep
  RETURNS  {"done", ""}
]]
local events, floor, minimum = KEYS[1], KEYS[2], ARGV[1]

local last = redis.call("XREVRANGE", events, "(" .. minimum, "-", "COUNT", 1)[1]
if last then
  redis.call("XTRIM", events, "MINID", minimum)
  redis.call("SET", floor, last[1])
end
return { "done", "" }
