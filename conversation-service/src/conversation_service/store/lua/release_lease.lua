--[[
  release_lease: give a lease back before it expires.

  KEYS     1 lease  string  fencing token of the holder
  ARGV     1 the caller's token
  RETURNS  {"released", ""} | {"taken", ""}
]]
local lease, token = KEYS[1], ARGV[1]

if redis.call("GET", lease) ~= token then
  return { "taken", "" }
end
redis.call("DEL", lease)
return { "released", "" }
