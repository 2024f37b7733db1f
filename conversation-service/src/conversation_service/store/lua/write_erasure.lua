--[[
  write_erasure: write the progress of an erasure, by the one task that carries it out.

  KEYS     1 record   string  times, counts, fingerprint; a line break; who it is (encrypted); expires
           2 pending  zset    ids of erasures that are not complete
           3 lease    string  token of the task that carries it out; expires
  ARGV     1 token · 2 erasure id · 3 record · 4 "done" if all is erased, else ""
           5 how long the lease is kept from now on (ms)
  RETURNS  {"done", ""} | {"lost", ""}
           Only "done" writes: another task has the lease otherwise.
]]
local record, pending, lease = unpack(KEYS)
local token, id, value, is_done, lease_ms = unpack(ARGV)

if redis.call("GET", lease) ~= token then
  return { "lost", "" }
end
redis.call("SET", record, value, "KEEPTTL")
if is_done ~= "" then
  redis.call("ZREM", pending, id)
end
redis.call("PEXPIRE", lease, lease_ms)
return { "done", "" }
