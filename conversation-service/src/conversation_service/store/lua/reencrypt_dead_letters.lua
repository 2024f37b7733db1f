--[[
  reencrypt_dead_letters: replace the encrypted texts of dead letters; ids, order and other fields
  stay. Entries of a stream cannot be changed, so the stream is rewritten; it has no consumer groups.

  KEYS     1 dead       stream  message, at (ms), text (encrypted), reason, died (ms)
           2 rewritten  stream  the same; does not exist before and after
  ARGV     1 the most dead letters that are rewritten · 2+ for each dead letter: id, text
  RETURNS  {"done", ""} | {"many", ""}
           Only "done" writes. A dead letter that has been removed meanwhile stays removed.
]]
local dead, rewritten = KEYS[1], KEYS[2]
local limit = tonumber(ARGV[1])

if redis.call("XLEN", dead) > limit then
  return { "many", "" }
end
local texts = {}
for index = 2, #ARGV, 2 do
  texts[ARGV[index]] = ARGV[index + 1]
end
redis.call("DEL", rewritten)
for _, letter in ipairs(redis.call("XRANGE", dead, "-", "+")) do
  local id, fields = letter[1], letter[2]
  for index = 1, #fields, 2 do
    if fields[index] == "text" and texts[id] then
      fields[index + 1] = texts[id]
    end
  end
  redis.call("XADD", rewritten, id, unpack(fields))
end
if redis.call("EXISTS", rewritten) == 1 then
  redis.call("RENAME", rewritten, dead)
end
return { "done", "" }
