--[[
  settle: texts have been answered for, or cannot be processed. Their states move forward, what
  happened to them is told, and they leave the outbox with their words, whatever is still owed before
  them; those that cannot be processed for the dead letters.

  KEYS     1 lease     string  the holder's token
           2 outbox    stream
           3 events    stream  type, at (ms), conversation, participant, message, detail
           4 dead      stream  what the outbox had, and: reason, died (ms)
           5+ messages hash    state, rank, changed (ms), conversation; expires
  ARGV     1 the caller's token · 2 group · 3 now_ms
           4 what stands in front of a conversation id in the key of its timeline (list of event
             ids without their hyphen; lives in the slot of all keys of the pool)
           5+ for each message: entry id, message id, state, rank, event type ("" for none),
             detail, how an unknown send was resolved ("" for not at all), why the text is dead
             ("" if it is not: then its state moves), the text as the dead letters are to have it
             ("" for as the outbox has it), how long a dead text's message is known at the least (ms)
  RETURNS  {"done", ""} | {"fenced", ""}
           Only "done" writes. A message that has been forgotten is not made anew. A resolution and
           a death are told once, however often this is repeated.
]]
local lease, outbox, events, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, group, now_ms, timeline_prefix = unpack(ARGV, 1, 4)
local first_message, first_entry, width = 5, 5, 10

local function tell(conversation, id, kind, detail)
  local event = redis.call("XADD", events, "*", "type", kind, "at", now_ms, "conversation",
    conversation, "participant", "", "message", id, "detail", detail)
  redis.call("RPUSHX", timeline_prefix .. conversation, (string.gsub(event, "-", "")))
end

local function bury(message, entry_id, id, reason, text, dead_ms, conversation)
  local entry = redis.call("XRANGE", outbox, entry_id, entry_id)[1]
  if entry then
    local fields = entry[2]
    for at = 1, #fields, 2 do
      if fields[at] == "text" and text ~= "" then
        fields[at + 1] = text
      end
    end
    redis.call("XADD", dead, "*", "reason", reason, "died", now_ms, unpack(fields))
    redis.call("PEXPIRE", message, dead_ms, "GT")
    tell(conversation, id, "MESSAGE_DEAD_LETTERED", reason)
  end
end

if redis.call("GET", lease) ~= token then
  return { "fenced", "" }
end

for at = first_message, #KEYS do
  local message = KEYS[at]
  local entry = first_entry + width * (at - first_message)
  local entry_id, id, state, rank, kind, detail, resolution, death, text, dead_ms =
    unpack(ARGV, entry, entry + width - 1)
  local known, conversation = unpack(redis.call("HMGET", message, "rank", "conversation"))
  conversation = conversation or ""
  local is_owed = redis.call("XACK", outbox, group, entry_id) == 1
  if death ~= "" then
    if is_owed then
      bury(message, entry_id, id, death, text, dead_ms, conversation)
    end
  elseif known and tonumber(rank) > tonumber(known) then
    redis.call("HSET", message, "state", state, "rank", rank, "changed", now_ms)
    if kind ~= "" and conversation ~= "" then
      tell(conversation, id, kind, detail)
    end
  end
  if is_owed and resolution ~= "" and conversation ~= "" then
    tell(conversation, id, "MESSAGE_RESOLVED", resolution)
  end
  redis.call("XDEL", outbox, entry_id)
end
return { "done", "" }
