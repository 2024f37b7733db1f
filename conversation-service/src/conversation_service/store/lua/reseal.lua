--[[
  reseal: put what was sealed anew in the place of what it was sealed from, if that is still there.

  KEYS     1 record  string or list  sealed, a string perhaps behind a line in clear
  ARGV     1 place in the list, "" for a string · 2 what is there · 3 what is to be there
  RETURNS  {"done", ""} | {"changed", ""}
           Only "done" writes. A string keeps its time to live.
]]
local record, place, before, after = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

if place == "" then
  if redis.call("GET", record) ~= before then
    return { "changed", "" }
  end
  redis.call("SET", record, after, "KEEPTTL")
  return { "done", "" }
end
if redis.call("LINDEX", record, place) ~= before then
  return { "changed", "" }
end
redis.call("LSET", record, place, after)
return { "done", "" }
