--[[
  reseal_dead: dead letters get texts that were sealed anew, and keep their ids, their order and all
  else. Entries of a stream cannot be changed, so the stream is written again; nobody reads it in
  groups.

  KEYS     1 dead     stream  message, at (ms), text (sealed), reason, died (ms)
           2 written  stream  the same; there is none before and after
  ARGV     1 the most dead letters that are written again · 2+ for each letter: id, text
  RETURNS  {"done", ""} | {"many", ""}
           Only "done" writes. A letter that has been removed meanwhile stays so.
]]
local dead, written = KEYS[1], KEYS[2]
local limit = tonumber(ARGV[1])

if redis.call("XLEN", dead) > limit then
  return { "many", "" }
end
local texts = {}
for at = 2, #ARGV, 2 do
  texts[ARGV[at]] = ARGV[at + 1]
end
redis.call("DEL", written)
for _, letter in ipairs(redis.call("XRANGE", dead, "-", "+")) do
  local id, fields = letter[1], letter[2]
  for at = 1, #fields, 2 do
    if fields[at] == "text" and texts[id] then
      fields[at + 1] = texts[id]
    end
  end
  redis.call("XADD", written, id, unpack(fields))
end
if redis.call("EXISTS", written) == 1 then
  redis.call("RENAME", written, dead)
end
return { "done", "" }
