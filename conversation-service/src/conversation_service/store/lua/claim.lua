--[[
  claim: make a pool the owner of masked numbers, of all of them or of none.

  KEYS     1 numbers  hash  the owning pool, by the number's hash
  ARGV     1 pool · 2+ the numbers' hashes
  RETURNS  {"claimed", ""} | {"taken", ""}
           Only "claimed" writes. What the pool owns already stays its own.
]]
local numbers, pool = KEYS[1], ARGV[1]

for at = 2, #ARGV do
  local owner = redis.call("HGET", numbers, ARGV[at])
  if owner and owner ~= pool then
    return { "taken", "" }
  end
end
for at = 2, #ARGV do
  redis.call("HSET", numbers, ARGV[at], pool)
end
return { "claimed", "" }
