"""Connects people through a running Maskline, and copies their conversations in its Redis."""

import re

import httpx
from redis import Redis

from bench.measuring.people import people
from bench.measuring.run import settled
from bench.systems.processes import wait_until
from bench.systems.start import CALL_SECONDS, MASKED_NUMBER, POOL_PREFIX, Carrier, Sender, System

# Some 60 us each; the services' commands wait meanwhile.
COPIES_PER_CALL = 1000

# Copies one live conversation under new ids: its record, timeline and routes, and its entries in
# the sets and counts. Nobody texts in the copies, and their deadlines are as far away.
COPY = """
local prefix, first, last = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local deadlines = prefix .. "deadlines"
local original = ARGV[4]
local record = redis.call("GET", prefix .. "conversation:" .. original)
local deadline = redis.call("ZSCORE", deadlines, original)
local number = redis.call("HKEYS", prefix .. "live-by-number")[1]
local active = prefix .. "conversations:ACTIVE"
for index = first, last do
  local suffix = string.format("%08x", index)
  local id = string.sub(original, 1, -9) .. suffix
  redis.call("SET", prefix .. "conversation:" .. id, record)
  redis.call("COPY", prefix .. "timeline:" .. original, prefix .. "timeline:" .. id)
  redis.call("ZADD", active, 0, id)
  redis.call("ZADD", active .. ":" .. number, 0, id)
  redis.call("ZADD", deadlines, deadline, id)
  redis.call("HINCRBY", prefix .. "live-by-number", number, 1)
  for position = 5, #ARGV do
    local hashed = string.sub(ARGV[position], 1, -9) .. suffix
    redis.call("SET", prefix .. "r:" .. hashed, id)
    redis.call("HSET", prefix .. "live-by-person", hashed, 1)
  end
end
"""


def connect_people(system: System, carrier: Carrier, conversations: int) -> None:
    """Starts and joins conversations with callbacks at the gateway."""
    numbers = people()
    pairs = [(next(numbers), next(numbers)) for _ in range(conversations)]
    with httpx.Client(timeout=CALL_SECONDS) as http:
        for starter, _ in pairs:
            _post(http, system, starter, "start")
        codes = _codes(carrier, conversations)
        for starter, joiner in pairs:
            _post(http, system, joiner, f"join {codes[starter]}")
    wait_until(lambda: _count(carrier, "you are connected") >= conversations, "all joined")
    with Redis.from_url(system.redis_url) as redis:
        # Their partners are told as well.
        wait_until(lambda: settled(system, redis), "all messages are settled")
    carrier.fetch()
    system.senders = [
        *(Sender(starter, joiner) for starter, joiner in pairs),
        *(Sender(joiner, starter) for starter, joiner in pairs),
    ]
    carrier.taken.clear()


def write_copies(system: System, copies: int) -> None:
    """Adds live conversations to those that people hold."""
    options = {"decode_responses": True, "socket_timeout": CALL_SECONDS}
    with Redis.from_url(system.redis_url, **options) as redis:
        # Rewriting the file in the background would compete with what is measured.
        redis.config_set("auto-aof-rewrite-percentage", 0)
        original = redis.zrange(f"{POOL_PREFIX}conversations:ACTIVE", 0, 0)[0]
        keys = list(redis.scan_iter(f"{POOL_PREFIX}r:*", count=1000))
        ids = redis.mget(keys)
        routes = [
            key.removeprefix(f"{POOL_PREFIX}r:")
            for key, conversation_id in zip(keys, ids, strict=True)
            if conversation_id == original
        ]
        for first in range(1, copies + 1, COPIES_PER_CALL):
            last = min(copies, first + COPIES_PER_CALL - 1)
            redis.eval(COPY, 0, POOL_PREFIX, first, last, original, *routes)


def _post(http: httpx.Client, system: System, sender: str, body: str) -> None:
    callback = {
        "id": f"mdr2-{sender[1:]}{body[:4]}",
        "to": MASKED_NUMBER[1:],
        "from": sender[1:],
        "body": body,
    }
    http.post(system.callback_url, json=callback).raise_for_status()


def _codes(carrier: Carrier, number: int) -> dict[str, str]:
    wait_until(lambda: _count(carrier, "your code is") >= number, "all codes")
    codes = {}
    for body, arrivals in carrier.taken.items():
        if match := re.search(r"your code is (\w+)", body):
            codes.update({to: match[1] for to, _ in arrivals})
    return codes


def _count(carrier: Carrier, words: str) -> int:
    carrier.fetch()
    return sum(len(to) for body, to in carrier.taken.items() if words in body)
