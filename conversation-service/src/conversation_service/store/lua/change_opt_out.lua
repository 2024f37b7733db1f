--[[
  change_opt_out: opt a person out or in, once for each request id of a client.

  KEYS     1 request  string  fingerprint of the request, a line break, the opt-out after it
           2 opt-out  string  the person's opt-out, while there is one
  ARGV     1 fingerprint · 2 the new opt-out, or "" to opt in · 3 how long the request is kept (ms)
  RETURNS  {"changed", opt-out or ""} | {"repeated", opt-out as it was then} | {"reused", ""}
           Only "changed" writes. An opt-out that is in force stays as it is.
]]
local request, opt_out = KEYS[1], KEYS[2]
local fingerprint, new, kept_ms = ARGV[1], ARGV[2], ARGV[3]

local stored = redis.call("GET", request)
if stored then
  local first, after = string.match(stored, "^([^\n]*)\n(.*)$")
  if first ~= fingerprint then
    return { "reused", "" }
  end
  return { "repeated", after }
end
if new == "" then
  redis.call("DEL", opt_out)
else
  redis.call("SET", opt_out, new, "NX")
end
local after = redis.call("GET", opt_out) or ""
redis.call("SET", request, fingerprint .. "\n" .. after, "PX", kept_ms)
return { "changed", after }
