"""Maximum lifetime of each kind of Redis key, as docs/privacy.md ("How long data is kept") says."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from inspect import getmembers, isfunction, signature

from redis.asyncio import Redis

from conversation_service.application.erasure import LEASE as ERASURE_LEASE
from conversation_service.application.inbound.reconciliation import LEASE as RECOVERY_LEASE
from conversation_service.dispatch.dispatcher import LEASE
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.domain.model.rate_limits import (
    FAILURES_WINDOW,
    LOCKOUT,
    NUMBER_CODE_ATTEMPTS_WINDOW,
    OPENINGS_WINDOW,
    OPTED_OUT_HELP_SILENCE,
    RELAYED_DAY,
)
from conversation_service.store.conversations.commit import (
    CARRIER_BLOCK_LIFETIME,
    INTRODUCTION_LIFETIME,
)
from conversation_service.store.conversations.commit_conversation import (
    DATA_KEY_MARGIN,
    FORGOTTEN_ANYWAY_AFTER,
    LAST_NUMBER_LIFETIME,
)
from conversation_service.store.deployment.number_lookups import WINDOW as NUMBER_LOOKUPS_WINDOW
from conversation_service.store.deployment.opt_out_requests import REQUESTS_KEPT
from conversation_service.store.deployment.restore_requests import REQUESTS_KEPT as RESTORES_KEPT
from conversation_service.store.erasure.log import ERASURE_LIFETIME
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.keyspace.keys import Keys, parse_key
from conversation_service.store.people import MARK_LIFE
from runtime.redis.write_check import KEPT_MS as WRITE_CHECK_KEPT_MS

# Belongs to the pool, the deployment or a person's choice, not to a conversation: never expires.
# Entries of its streams, sorted sets and hashes are deleted one by one.
ALWAYS = None
# Exists only while a conversation is live, or within one script.
GONE = timedelta(0)


def longest(settings: PoolSettings) -> Mapping[str, timedelta | None]:
    """The maximum lifetime of each kind once all conversations have ended."""
    with_conversation = settings.retention.conversations + FORGOTTEN_ANYWAY_AFTER
    return {
        "settings": ALWAYS,
        "version": ALWAYS,
        "conversation": with_conversation,
        "r": settings.lifecycle.cool_off,
        "carrier-block": CARRIER_BLOCK_LIFETIME,
        "code": GONE,
        "name": GONE,
        "l": max(LOCKOUT, FAILURES_WINDOW, RELAYED_DAY, OPENINGS_WINDOW, OPTED_OUT_HELP_SILENCE),
        "introduced": INTRODUCTION_LIFETIME,
        "person-changed": MARK_LIFE,
        "code-attempts": NUMBER_CODE_ATTEMPTS_WINDOW,
        "block": ALWAYS,
        "block-conversation": settings.retention.conversations,
        "blocks": ALWAYS,
        "block-list": ALWAYS,
        "endings": settings.consent.reopen_pause,
        "last-number": LAST_NUMBER_LIFETIME,
        "held": GONE,
        "data-keys": settings.sending.message_validity + DATA_KEY_MARGIN,
        "timeline": with_conversation,
        "history": with_conversation,
        "name-history": with_conversation,
        "i": settings.retention.idempotency_records,
        "responses": settings.retention.idempotency_records,
        "duplicates": settings.retention.idempotency_records,
        "m": max(settings.retention.messages, settings.retention.dead_letters),
        "outbox": ALWAYS,
        "dead": ALWAYS,
        "dead-rewritten": GONE,
        "dead-letter-request": settings.retention.idempotency_records,
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
        "epoch": ALWAYS,
        "write-check": timedelta(milliseconds=WRITE_CHECK_KEPT_MS),
        "number-lookups": NUMBER_LOOKUPS_WINDOW,
        "restore-request": RESTORES_KEPT,
        "opt-out": ALWAYS,
        "opt-out-request": REQUESTS_KEPT,
        "erasure": ERASURE_LIFETIME,
        "pending-erasures": ALWAYS,
        "erasure-lease": ERASURE_LEASE,
        "reconciliation": ALWAYS,
        "reconciliation-lease": RECOVERY_LEASE,
        "reconciliation-fence": ALWAYS,
    }


def defined_kinds() -> set[str]:
    """Every kind of key that store/keyspace/ defines."""
    return {parse_key(key).kind for keys in (Keys("main"), DeploymentKeys()) for key in _keys(keys)}


async def kinds_there(redis: Redis) -> set[str]:
    """The kinds of the keys that exist."""
    return {parse_key(key).kind for key, _ in await _ttls(redis)}


async def expiring_kinds(redis: Redis) -> set[str]:
    """The kinds of which a key has a TTL."""
    return {parse_key(key).kind for key, ttl in await _ttls(redis) if ttl is not None}


async def overstaying(redis: Redis, settings: PoolSettings) -> dict[str, timedelta | None]:
    """Keys that live longer than their kind may; None for a key without a TTL."""
    limits = longest(settings)
    return {
        key: ttl
        for key, ttl in await _ttls(redis)
        if (limit := limits[parse_key(key).kind]) is not ALWAYS and (ttl is None or ttl > limit)
    }


async def _ttls(redis: Redis) -> list[tuple[str, timedelta | None]]:
    ttls = []
    for key in [key.decode() async for key in redis.scan_iter(count=1000)]:
        ms = await redis.pttl(key)
        # -2: deleted since it was listed.
        if ms != -2:
            ttls.append((key, None if ms == -1 else timedelta(milliseconds=ms)))
    return ttls


def _keys(keys: Keys | DeploymentKeys) -> Iterator[str]:
    for name, member in getmembers(type(keys)):
        if isinstance(member, property):
            yield getattr(keys, name)
        elif isfunction(member) and not name.startswith("_"):
            yield member(keys, *["x"] * (len(signature(member).parameters) - 1))
