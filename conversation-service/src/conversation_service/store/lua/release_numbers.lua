--[[
  release_numbers: release masked numbers that a pool owns.

  KEYS     1 numbers  hash  the owning pool, by the hash of the number
  ARGV     1 pool · 2+ hashes of the numbers
  RETURNS  {"released", ""}
           Numbers of other pools stay theirs.
]]
local numbers, pool = KEYS[1], ARGV[1]

for index = 2, #ARGV do
  if redis.call("HGET", numbers, ARGV[index]) == pool then
    redis.call("HDEL", numbers, ARGV[index])
  end
end
return { "released", "" }
