"""How long each kind of key of the conversation service may stay, as docs/security.md promises."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from inspect import getmembers, isfunction, signature

from redis.asyncio import Redis

from conversation_service.application.inbound.reconciliation import LEASE as RECOVERY_LEASE
from conversation_service.dispatch.dispatcher import LEASE
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.domain.model.rate_limits import (
    FAILURES_WINDOW,
    LOCKOUT,
    NUMBER_TRIES_WINDOW,
)
from conversation_service.store.conversations.commit_conversation import (
    DATA_KEY_MARGIN,
    FORGOTTEN_ANYWAY_AFTER,
    LAST_NUMBER_LIFETIME,
)
from conversation_service.store.erasure.log import ERASURE_LIFETIME
from conversation_service.store.keyspace.keys import DeploymentKeys, Keys, parse_key

# Of the pool, the deployment or a person's own wish, not of a conversation: never expires. What a
# stream, zset or hash of these holds is forgotten entry by entry.
ALWAYS = None
# Is there while a conversation lives, or only inside of one script.
GONE = timedelta(0)


def longest(settings: PoolSettings) -> Mapping[str, timedelta | None]:
    """The most that a key of each kind may have to live once all conversations have ended."""
    with_conversation = settings.kept_after_end + FORGOTTEN_ANYWAY_AFTER
    return {
        "settings": ALWAYS,
        "version": ALWAYS,
        "conversation": with_conversation,
        "route": settings.cool_off,
        "code": GONE,
        "name": GONE,
        "limits": max(LOCKOUT, FAILURES_WINDOW),
        "code-attempts": NUMBER_TRIES_WINDOW,
        "blocks": ALWAYS,
        "last-number": LAST_NUMBER_LIFETIME,
        "held": GONE,
        "data-keys": settings.text_validity + DATA_KEY_MARGIN,
        "timeline": with_conversation,
        "history": with_conversation,
        "idempotency": settings.receipts_kept,
        "responses": settings.receipts_kept,
        "duplicates": settings.receipts_kept,
        "message": max(settings.messages_kept, settings.dead_letters_kept),
        "outbox": ALWAYS,
        "dead": ALWAYS,
        "dead-rewritten": GONE,
        "dead-letter-request": settings.receipts_kept,
        "events": ALWAYS,
        "events-trimmed": ALWAYS,
        "deadlines": ALWAYS,
        "conversations": ALWAYS,
        "live-by-number": GONE,
        "live-by-person": GONE,
        "samples": ALWAYS,
        "lease": LEASE,
        "fence": ALWAYS,
        "pools": ALWAYS,
        "numbers": ALWAYS,
        "blind-index-key": ALWAYS,
        "opt-out": ALWAYS,
        "erasure": ERASURE_LIFETIME,
        "reconciliation": ALWAYS,
        "reconciliation-lease": RECOVERY_LEASE,
        "reconciliation-fence": ALWAYS,
    }


def spelled_kinds() -> set[str]:
    """Every kind of key that store/keys.py spells."""
    return {parse_key(key).kind for keys in (Keys("main"), DeploymentKeys()) for key in _keys(keys)}


async def kinds_there(redis: Redis) -> set[str]:
    """The kinds of the keys that are there now."""
    return {parse_key(key).kind for key, _ in await _left(redis)}


async def overstaying(redis: Redis, settings: PoolSettings) -> dict[str, timedelta | None]:
    """Keys that may stay longer than their kind; None for one that stays for ever."""
    limits = longest(settings)
    return {
        key: left
        for key, left in await _left(redis)
        if (limit := limits[parse_key(key).kind]) is not ALWAYS and (left is None or left > limit)
    }


async def _left(redis: Redis) -> list[tuple[str, timedelta | None]]:
    found = []
    for key in [key.decode() async for key in redis.scan_iter(count=1000)]:
        ms = await redis.pttl(key)
        # What has gone since it was listed is told as -2.
        if ms != -2:
            found.append((key, None if ms == -1 else timedelta(milliseconds=ms)))
    return found


def _keys(keys: Keys | DeploymentKeys) -> Iterator[str]:
    for name, member in getmembers(type(keys)):
        if isinstance(member, property):
            yield getattr(keys, name)
        elif isfunction(member) and not name.startswith("_"):
            yield member(keys, *["x"] * (len(signature(member).parameters) - 1))
