--[[
  list_timeline: the events of one conversation after an id, oldest first. It writes nothing.

  KEYS     1 timeline  list    event ids of the conversation without their hyphen, ascending
           2 events    stream  type, at (ms), conversation, participant, message, detail
           3 trimmed   string  id of the newest event that has been removed
  ARGV     1 the id to list after · 2 the most events to list
  RETURNS  a list of {event id, {field, value, ...}}
           Ids that the stream does not have any more are skipped.
]]
local timeline, events, trimmed = unpack(KEYS)
local after, limit = ARGV[1], tonumber(ARGV[2])
-- Milliseconds since 1970 have as many digits until the year 2286.
local ms_digits = 13

local function split(id)
  return tonumber(string.match(id, "^%d+")), tonumber(string.match(id, "-(%d+)$") or 0)
end

local function is_after(listed, ms, sequence)
  local own_ms = tonumber(string.sub(listed, 1, ms_digits))
  local own_sequence = tonumber(string.sub(listed, ms_digits + 1))
  return own_ms > ms or own_ms == ms and own_sequence > sequence
end

-- The index of the first id after another.
local function first_after(id)
  local ms, sequence = split(id)
  local low, high = 0, redis.call("LLEN", timeline)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_after(redis.call("LINDEX", timeline, middle), ms, sequence) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

local index = math.max(first_after(after), first_after(redis.call("GET", trimmed) or "0-0"))
local found = {}
while #found < limit do
  local ids = redis.call("LRANGE", timeline, index, index + limit - #found - 1)
  if #ids == 0 then
    break
  end
  for _, listed in ipairs(ids) do
    local id = string.sub(listed, 1, ms_digits) .. "-" .. string.sub(listed, ms_digits + 1)
    found[#found + 1] = redis.call("XRANGE", events, id, id)[1]
  end
  index = index + #ids
end
return found
