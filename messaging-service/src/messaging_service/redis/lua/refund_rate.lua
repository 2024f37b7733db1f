--[[
  refund_rate: takes back what acquire_rate counted for a message that was not sent. It decides
  nothing.

  KEYS     1 bucket   string  see acquire_rate
           2+ windows hash    see acquire_rate
  ARGV     1 us per unit · 2 units to take back in the bucket · 3 units to take back in each window ·
           4 ms that keys outlive their use · 5+ for each window the us of its span
  RETURNS  {"refunded"}
           A window that has ended since is left alone. A retried call takes back twice, which is at
           most one message more in a while.
]]
local unit_us, units, segments, margin_ms = unpack(ARGV, 1, 4)
local time = redis.call("TIME")
local now_us = time[1] * 1000000 + time[2]

local used_up_us = tonumber(redis.call("GET", KEYS[1]) or 0) - units * unit_us
if used_up_us > now_us then
  local keep_ms = math.ceil((used_up_us - now_us) / 1000) + margin_ms
  redis.call("SET", KEYS[1], string.format("%.0f", used_up_us), "PX", keep_ms)
else
  redis.call("DEL", KEYS[1])
end
for index = 2, #KEYS do
  local stored, sent = unpack(redis.call("HMGET", KEYS[index], "number", "sent"))
  if tonumber(stored) == math.floor(now_us / ARGV[index + 3]) then
    redis.call("HSET", KEYS[index], "sent", math.max(sent - segments, 0))
  end
end
return {"refunded"}
