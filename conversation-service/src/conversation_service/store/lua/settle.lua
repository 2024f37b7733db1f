--[[
  settle: settle outbox entries. The states of their messages move forward, events are recorded, and
  the entries leave the outbox, even if earlier ones are still waiting; entries that cannot be
  processed go to the dead letters.

  KEYS     1 lease     string  fencing token of the holder
           2 outbox    stream
           3 events    stream  type, at (ms), conversation, participant, message, detail
           4 dead      stream  the outbox entry, and: reason, died (ms)
           5+ messages string  records, as commit.lua describes them; expire
  ARGV     1 the caller's token · 2 now_ms
           3 prefix of the keys of timelines (list of event ids without their hyphen; in the slot
             of all keys of the pool)
           4+ for each message: entry id, message id, rank and letter of the state, event type
             ("" for none), detail, how an uncertain send was resolved ("" for not at all), dead-letter reason
             ("" to move the state instead), text for the dead letter ("" for the outbox's own),
             how long the message of a dead letter is kept at least (ms)
  RETURNS  {"done", ""} | {"fenced", ""}
           Only "done" writes. A message that has expired is not created again. A resolution and
           a dead letter are recorded once, however often this is repeated.
]]
local lease, outbox, events, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, now_ms, timeline_prefix = unpack(ARGV, 1, 3)
local first_message, first_entry, width = 5, 4, 9

local function record(conversation, id, kind, detail)
  local event = redis.call("XADD", events, "*", "type", kind, "at", now_ms, "conversation",
    conversation, "participant", "", "message", id, "detail", detail)
  redis.call("RPUSHX", timeline_prefix .. conversation, (string.gsub(event, "-", "")))
end

local function dead_letter(fields, message, id, reason, text, dead_ms, conversation)
  for index = 1, #fields, 2 do
    if fields[index] == "text" and text ~= "" then
      fields[index + 1] = text
    end
  end
  redis.call("XADD", dead, "*", "reason", reason, "died", now_ms, unpack(fields))
  redis.call("PEXPIRE", message, dead_ms, "GT")
  record(conversation, id, "MESSAGE_DEAD_LETTERED", reason)
end

if redis.call("GET", lease) ~= token then
  return { "fenced", "" }
end

for index = first_message, #KEYS do
  local message = KEYS[index]
  local entry = first_entry + width * (index - first_message)
  local entry_id, id, state, kind, detail, resolution, reason, text, dead_ms =
    unpack(ARGV, entry, entry + width - 1)
  local rank, kept, conversation, former =
    string.match(redis.call("GET", message) or "", "^(%d)%a %d*( %S* (%S*) %x+ %S+)(.*)$")
  conversation = conversation or ""
  local waiting
  if reason ~= "" or resolution ~= "" then
    waiting = redis.call("XRANGE", outbox, entry_id, entry_id)[1]
  end
  if reason ~= "" then
    if waiting then
      dead_letter(waiting[2], message, id, reason, text, dead_ms, conversation)
    end
  elseif rank and tonumber(string.sub(state, 1, 1)) > tonumber(rank) then
    local failed = detail ~= "" and " " .. detail or former
    redis.call("SET", message, state .. " " .. now_ms .. kept .. failed, "KEEPTTL")
    if kind ~= "" and conversation ~= "" then
      record(conversation, id, kind, detail)
    end
  end
  if waiting and resolution ~= "" and conversation ~= "" then
    record(conversation, id, "MESSAGE_RESOLVED", resolution)
  end
  redis.call("XDEL", outbox, entry_id)
end
return { "done", "" }
