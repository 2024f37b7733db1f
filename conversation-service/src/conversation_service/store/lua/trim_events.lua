--[[
  trim_events: remove old events and store the id of the newest removed one, so that a watcher whose
  cursor is older learns that it missed some.

  KEYS     1 events   stream
           2 trimmed  string  id of the newest event that has been removed
  ARGV     1 the oldest id to keep
  RETURNS  {"done", ""}
]]
local events, trimmed, minimum = KEYS[1], KEYS[2], ARGV[1]

local newest = redis.call("XREVRANGE", events, "(" .. minimum, "-", "COUNT", 1)[1]
if newest then
  redis.call("XTRIM", events, "MINID", minimum)
  redis.call("SET", trimmed, newest[1])
end
return { "done", "" }
