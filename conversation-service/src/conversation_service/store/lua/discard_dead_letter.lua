--[[
  discard_dead_letter: remove a dead letter for good and move the state of its message forward.
  Ranks say which state is further.

  KEYS     1 request  string  message id of the first response; expires
           2 dead     stream
           3 events   stream  type, at (ms), conversation, participant, message, detail
           4 message  string  record, as commit.lua describes it; expires
  ARGV     1 dead letter id · 2 message id, "" if it cannot be read · 3 now_ms · 4 request_ms
           5 rank and letter of the state · 6 event type · 7 detail
           8 prefix of the keys of timelines (list of event ids without their hyphen; in the slot
             of all keys of the pool)
  RETURNS  {"done", message id} | {"repeat", message id} | {"missing", ""}
           Only "done" writes. A message that has expired is not created again.
]]
local request, dead, events, message = unpack(KEYS)
local letter_id, id, now_ms, request_ms, state, kind, detail, timeline_prefix = unpack(ARGV)

local earlier = redis.call("GET", request)
if earlier then
  return { "repeat", earlier }
end
if redis.call("XDEL", dead, letter_id) == 0 then
  return { "missing", "" }
end

redis.call("SET", request, id, "PX", request_ms)
local rank, kept, conversation, former =
  string.match(redis.call("GET", message) or "", "^(%d)%a %d*( %S* (%S*) %x+ %S+)(.*)$")
if rank and tonumber(string.sub(state, 1, 1)) > tonumber(rank) then
  local reason = detail ~= "" and " " .. detail or former
  redis.call("SET", message, state .. " " .. now_ms .. kept .. reason, "KEEPTTL")
end
conversation = conversation or ""
local event = redis.call("XADD", events, "*", "type", kind, "at", now_ms, "conversation",
  conversation, "participant", "", "message", id, "detail", detail)
redis.call("RPUSHX", timeline_prefix .. conversation, (string.gsub(event, "-", "")))
return { "done", id }
