--[[
  list_messages: the ids of a conversation's messages after one of them, in the order in which they
  were accepted. It writes nothing.

  KEYS     1 timeline  list    event ids of the conversation without their hyphen, ascending
           2 events    stream  type ("A" accepted, "R" relayed), at (ms), conversation, participant,
                       message, detail
           3 trimmed   string  id of the newest event that has been removed
  ARGV     1 the message id to list after, "" to list from the first · 2 the most ids to list
           3 by how much times of events may be out of order (ms) · 4 how many events are examined
             at once
  RETURNS  {"end" | "more", message id, ...}, each id once
           "more": there may be more after the last id, of which there is at least one. Messages
           whose events have been removed are left out. A message id begins with the time at which
           it was accepted, which is that of its first event.
]]
local timeline, events, trimmed = unpack(KEYS)
local after, limit, disorder_ms, examined =
  ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
-- Milliseconds since 1970 have as many digits until the year 2286.
local ms_digits, chunk = 13, 100
local digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
local accepts = { A = true, MESSAGE_HELD = true, MESSAGE_NOT_RELAYED = true }
local length = redis.call("LLEN", timeline)

local function accepted_ms(id)
  local ms = 0
  for index = 1, 7 do
    ms = ms * #digits + string.find(digits, string.sub(id, index, index), 1, true) - 1
  end
  return ms
end

-- The fields of a listed event; none of one that has been removed.
local function fields_of(listed)
  local id = string.sub(listed, 1, ms_digits) .. "-" .. string.sub(listed, ms_digits + 1)
  local fields, entry = {}, redis.call("XRANGE", events, id, id)[1]
  for index = 1, entry and #entry[2] or 0, 2 do
    fields[entry[2][index]] = entry[2][index + 1]
  end
  return fields
end

-- The first index from which on a condition holds, which holds for no earlier one.
local function first_where(low, holds)
  local high = length
  while low < high do
    local middle = math.floor((low + high) / 2)
    if holds(redis.call("LINDEX", timeline, middle)) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

local trimmed_ms = tonumber(string.match(redis.call("GET", trimmed) or "0", "^%d+"))
local first = first_where(0, function(listed)
  return tonumber(string.sub(listed, 1, ms_digits)) > trimmed_ms
end)

local function first_at(ms)
  return first_where(first, function(listed)
    return tonumber(fields_of(listed).at or 0) >= ms
  end)
end

-- The first index from another one on that a function accepts; nil if it returns false before.
local function search(from, accept)
  for start = from, length - 1, chunk do
    for offset, listed in ipairs(redis.call("LRANGE", timeline, start, start + chunk - 1)) do
      local index = start + offset - 1
      local result = accept(fields_of(listed), index)
      if result ~= nil then
        return result and index or nil
      end
    end
  end
end

-- Where a message was accepted; nil if that event has been removed.
local function place_of(id)
  local ms = accepted_ms(id)
  return search(first_at(ms - disorder_ms), function(fields)
    local at = tonumber(fields.at or 0)
    if fields.message == id and at == ms then
      return accepts[fields.type] or fields.type == "R" or nil
    end
    return at <= ms + disorder_ms and nil
  end)
end

local function start_after(id)
  local place = place_of(id) or search(first, function(fields)
    return fields.message == id and fields.type == "R" or nil
  end)
  return place and place + 1 or first_at(accepted_ms(id) + 1)
end

local start = after == "" and first or start_after(after)
local before_ms, listed_already = 0, {}
if start > first then
  before_ms = tonumber(fields_of(redis.call("LINDEX", timeline, start - 1)).at or 0)
end

-- A message that was held is listed where it was held, for as long as that is known. It may have
-- been relayed within the same millisecond, and the page may begin in between.
local function is_first(fields, index)
  if fields.type ~= "R" then
    return accepts[fields.type]
  end
  local id, ms = fields.message, accepted_ms(fields.message)
  if listed_already[id] then
    return false
  end
  if tonumber(fields.at) == ms and before_ms < ms then
    return true
  end
  local place = place_of(id)
  return not place or place == index
end

local found, count = { "end" }, 0
search(start, function(fields, index)
  local is_examined, is_message = #found > 1 and count >= examined, is_first(fields, index)
  if is_examined or (is_message and #found > limit) then
    found[1] = "more"
    return true
  end
  count = count + 1
  if is_message then
    listed_already[fields.message] = true
    found[#found + 1] = fields.message
  end
end)
return found
