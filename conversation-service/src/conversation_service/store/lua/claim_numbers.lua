--[[
  claim_numbers: make a pool the owner of masked numbers: of all of them or of none.

  KEYS     1 numbers  hash  the owning pool, by the hash of the number
  ARGV     1 pool · 2+ hashes of the numbers
  RETURNS  {"claimed"} | {"taken", which of the numbers (0 is the first), the pool that owns it}
           Only "claimed" writes. Numbers that the pool owns already stay its own.
]]
local numbers, pool = KEYS[1], ARGV[1]

for index = 2, #ARGV do
  local owner = redis.call("HGET", numbers, ARGV[index])
  if owner and owner ~= pool then
    return { "taken", tostring(index - 2), owner }
  end
end
for index = 2, #ARGV do
  redis.call("HSET", numbers, ARGV[index], pool)
end
return { "claimed" }
