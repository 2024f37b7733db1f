--[[
  settle: texts have been answered for. Their states move forward, they leave the outbox, and the
  outbox is trimmed behind the oldest text that is still owed.

  KEYS     1 lease     string  the holder's token
           2 outbox    stream
           3+ messages hash     state, rank, changed (ms)
  ARGV     1 the caller's token · 2 group · 3 now_ms · 4+ for each message: entry id, state, rank
  RETURNS  {"done", ""} | {"fenced", ""}
           Only "done" writes. A message that has been forgotten is not made anew.
]]
local lease, outbox = KEYS[1], KEYS[2]
local token, group, now_ms = ARGV[1], ARGV[2], ARGV[3]
local first_message, first_entry = 3, 4

if redis.call("GET", lease) ~= token then
  return { "fenced", "" }
end

for at = first_message, #KEYS do
  local entry = first_entry + 3 * (at - first_message)
  local entry_id, state, rank = ARGV[entry], ARGV[entry + 1], ARGV[entry + 2]
  local known = redis.call("HGET", KEYS[at], "rank")
  if known and tonumber(rank) > tonumber(known) then
    redis.call("HSET", KEYS[at], "state", state, "rank", rank, "changed", now_ms)
  end
  redis.call("XACK", outbox, group, entry_id)
end

local owed = redis.call("XPENDING", outbox, group)
if owed[1] > 0 then
  redis.call("XTRIM", outbox, "MINID", owed[2])
else
  local last_read = redis.call("XINFO", "GROUPS", outbox)[1][8]
  redis.call("XTRIM", outbox, "MINID", last_read)
  redis.call("XDEL", outbox, last_read)
end
return { "done", "" }
