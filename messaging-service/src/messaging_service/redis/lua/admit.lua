--[[
  admit: counts one text, or one look-up, if all that limit it have room. It decides nothing.

  KEYS     1 bucket   string  the time up to which the rate is used up (GCRA), in us; expires
           2+ windows  string  each a count of segments sent in a span of time; expires with it
  ARGV     1 now_us · 2 us that one unit takes · 3 us of the burst, at least one unit's ·
           4 units it takes · 5 segments it takes of each window · 6 ms that keys are kept beyond
           their use · 7+ for each window its limit and the us left of it
  RETURNS  {"admitted"}       counted everywhere
           {"paced", wait_us}  counted nowhere; asking earlier is of no use
           A unit that fits is enough: what is taken beyond the burst is waited for by those that
           come after. An empty window has room for anything.
]]
local now_us, unit_us, burst_us, units, segments, margin_ms = unpack(ARGV, 1, 6)
now_us, unit_us, burst_us = tonumber(now_us), tonumber(unit_us), tonumber(burst_us)
segments = tonumber(segments)

local used_up_us = math.max(tonumber(redis.call("GET", KEYS[1]) or 0), now_us)
local wait_us = used_up_us + unit_us - burst_us - now_us
for at = 2, #KEYS do
  local limit, left_us = tonumber(ARGV[2 * at + 3]), tonumber(ARGV[2 * at + 4])
  local sent = tonumber(redis.call("GET", KEYS[at]) or 0)
  if sent > 0 and sent + segments > limit then
    wait_us = math.max(wait_us, left_us)
  end
end
if wait_us > 0 then
  return {"paced", wait_us}
end

used_up_us = used_up_us + units * unit_us
local keep_ms = math.ceil((used_up_us - now_us) / 1000) + margin_ms
-- Spelt out, for a number this large may otherwise come with an exponent.
redis.call("SET", KEYS[1], string.format("%.0f", used_up_us), "PX", keep_ms)
for at = 2, #KEYS do
  redis.call("INCRBY", KEYS[at], segments)
  redis.call("PEXPIRE", KEYS[at], math.ceil(ARGV[2 * at + 4] / 1000) + margin_ms)
end
return {"admitted"}
