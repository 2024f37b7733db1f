--[[
  disown: a pool gives a masked number up.

  KEYS     1 numbers  hash  the owning pool, by the number's hash
  ARGV     1 pool · 2 the number's hash
  RETURNS  {"disowned", ""} | {"kept", ""}, the latter when it is not this pool's
]]
local numbers, pool, number = KEYS[1], ARGV[1], ARGV[2]

if redis.call("HGET", numbers, number) ~= pool then
  return { "kept", "" }
end
redis.call("HDEL", numbers, number)
return { "disowned", "" }
