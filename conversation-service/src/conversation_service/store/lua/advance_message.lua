--[[
  advance_message: move the state of one message forward, never back, and record the event. Ranks
  say which state is further.

  KEYS     1 message  string  record, as commit.lua describes it; expires
           2 events   stream  type, at (ms), conversation, participant, message, detail
  ARGV     1 message id · 2 rank and letter of the state · 3 now_ms · 4 event type, "" for none
           5 detail · 6 prefix of the keys of timelines (list of event ids without their hyphen; in the slot
             of all keys of the pool)
  RETURNS  {"moved", recipient} | {"kept", recipient} | {"unknown", ""}
]]
local message, events = KEYS[1], KEYS[2]
local id, state, now_ms, kind, detail, timeline_prefix = unpack(ARGV)

local rank, kept, recipient, conversation, former =
  string.match(redis.call("GET", message) or "", "^(%d)%a %d*( (%S*) (%S*) %x+ %S+)(.*)$")
if not rank then
  return { "unknown", "" }
end
if tonumber(string.sub(state, 1, 1)) <= tonumber(rank) then
  return { "kept", recipient }
end
local reason = detail ~= "" and " " .. detail or former
redis.call("SET", message, state .. " " .. now_ms .. kept .. reason, "KEEPTTL")
if kind ~= "" and conversation ~= "" then
  local event = redis.call("XADD", events, "*", "type", kind, "at", now_ms, "conversation",
    conversation, "participant", "", "message", id, "detail", detail)
  redis.call("RPUSHX", timeline_prefix .. conversation, (string.gsub(event, "-", "")))
end
return { "moved", recipient }
