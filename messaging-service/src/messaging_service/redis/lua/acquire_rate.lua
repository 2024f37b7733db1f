--[[
  acquire_rate: counts one message or lookup if every limit has room for it. It decides nothing.

  KEYS     1 bucket   string  GCRA: the time up to which the rate is used up, in us; expires
           2+ windows  string  segments sent in a span of time; each expires with its span
  ARGV     1 now_us · 2 us per unit · 3 us of the burst, at least one unit · 4 units to take ·
           5 segments to add to each window · 6 ms that keys outlive their use ·
           7+ for each window its limit and the us left of it
  RETURNS  {"acquired"}       counted everywhere
           {"wait", wait_us}  counted nowhere; an earlier call would be refused as well
           Room for one unit is enough: units beyond the burst delay the calls that follow. An empty
           window has room for any message.
]]
local now_us, unit_us, burst_us, units, segments, margin_ms = unpack(ARGV, 1, 6)
now_us, unit_us, burst_us = tonumber(now_us), tonumber(unit_us), tonumber(burst_us)
segments = tonumber(segments)

local used_up_us = math.max(tonumber(redis.call("GET", KEYS[1]) or 0), now_us)
local wait_us = used_up_us + unit_us - burst_us - now_us
for index = 2, #KEYS do
  local limit, left_us = tonumber(ARGV[2 * index + 3]), tonumber(ARGV[2 * index + 4])
  local sent = tonumber(redis.call("GET", KEYS[index]) or 0)
  if sent > 0 and sent + segments > limit then
    wait_us = math.max(wait_us, left_us)
  end
end
if wait_us > 0 then
  return {"wait", wait_us}
end

used_up_us = used_up_us + units * unit_us
local keep_ms = math.ceil((used_up_us - now_us) / 1000) + margin_ms
-- Formatted explicitly: Lua would write a number of this size with an exponent.
redis.call("SET", KEYS[1], string.format("%.0f", used_up_us), "PX", keep_ms)
for index = 2, #KEYS do
  redis.call("INCRBY", KEYS[index], segments)
  redis.call("PEXPIRE", KEYS[index], math.ceil(ARGV[2 * index + 4] / 1000) + margin_ms)
end
return {"acquired"}
