--[[
  reencrypt: replace an encrypted value, unless it has changed meanwhile.

  KEYS     1 record  string or list  encrypted; a string may have a plain line in front
  ARGV     1 index in the list, "" for a string · 2 the expected value · 3 the new value
  RETURNS  {"done", ""} | {"changed", ""}
           Only "done" writes. A string keeps its time to live.
]]
local record, index, before, after = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

if index == "" then
  if redis.call("GET", record) ~= before then
    return { "changed", "" }
  end
  redis.call("SET", record, after, "KEEPTTL")
  return { "done", "" }
end
if redis.call("LINDEX", record, index) ~= before then
  return { "changed", "" }
end
redis.call("LSET", record, index, after)
return { "done", "" }
