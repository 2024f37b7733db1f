"""Checks of a deployment's configuration: state key, Redis, pools, carrier account."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from conversation_service.application.admin.consent_findings import consent_findings
from conversation_service.application.pools import PoolDirectory
from conversation_service.application.restore_guard import RestoreGuard
from conversation_service.domain.errors import CarrierCredentialsRejected
from conversation_service.messaging.client import (
    MessagingClient,
    MessagingRefused,
    MessagingUnavailable,
)
from maskline.messaging.v1 import carrier_pb2
from runtime.redis.write_check import WriteCheck

MIN_REDIS_VERSION = (7, 0)

# When it is full, Redis refuses every text; this leaves time to act.
MEMORY_WARNING = 0.8


class CheckOutcome(StrEnum):
    """The result of a check."""

    PASSED = "PASSED"
    WARNED = "WARNED"
    FAILED = "FAILED"


# A later outcome is a warning, as the contract asks.
_CARRIER_OUTCOMES = {
    carrier_pb2.CHECK_OUTCOME_PASSED: CheckOutcome.PASSED,
    carrier_pb2.CHECK_OUTCOME_FAILED: CheckOutcome.FAILED,
}


@dataclass(frozen=True, slots=True)
class Check:
    """A result and an explanation."""

    check_id: str
    outcome: CheckOutcome
    finding: str


class DeploymentChecks:
    """Checks everything that the conversation service can reach."""

    def __init__(
        self,
        redis: Redis,
        writes: WriteCheck,
        directory: PoolDirectory,
        messaging: MessagingClient,
        guard: RestoreGuard,
        *,
        uses_development_key: bool,
    ) -> None:
        self._redis = redis
        self._writes = writes
        self._directory = directory
        self._messaging = messaging
        self._guard = guard
        self._uses_development_key = uses_development_key

    async def check(self) -> list[Check]:
        """In a fixed order. Checks that depend on something unreachable are left out."""
        return [
            self._state_key(),
            *[check async for check in self._redis_checks()],
            *[check async for check in self._carrier_checks()],
        ]

    def _state_key(self) -> Check:
        check_id = "state_key"
        if self._uses_development_key:
            return Check(
                check_id,
                CheckOutcome.WARNED,
                "the published development key is used; set CONVERSATION_STATE_KEY to a secret",
            )
        return Check(check_id, CheckOutcome.PASSED, "a secret is set")

    async def _redis_checks(self) -> AsyncIterator[Check]:
        try:
            info = cast("Mapping[str, object]", await self._redis.info())
            pools = await self._pools()
            write_error = await self._writes.error()
            # The guard writes too.
            restore = [] if write_error else [await self._restore()]
        except (RedisError, OSError) as error:
            finding = f"unreachable ({type(error).__name__}); see CONVERSATION_REDIS_URL"
            yield Check("redis", CheckOutcome.FAILED, finding)
            return
        yield _redis_memory(info, write_error)
        yield _redis_version(info)
        yield _redis_durability(info)
        yield _redis_eviction(info)
        for check in (*restore, pools, self._consent()):
            yield check

    async def _restore(self) -> Check:
        check_id = "redis_restore"
        if not await self._guard.check():
            finding = "an older copy of Redis was restored; see `maskline restore accept`"
            return Check(check_id, CheckOutcome.FAILED, finding)
        if not self._guard.is_kept:
            finding = "an older copy might go unnoticed; set CONVERSATION_STATE_DIRECTORY"
            return Check(check_id, CheckOutcome.WARNED, finding)
        return Check(check_id, CheckOutcome.PASSED, "Redis is as new as it was")

    async def _pools(self) -> Check:
        await self._directory.refresh()
        pools = self._directory.pools
        empty = [
            pool.name
            for pool in pools
            if not any(number.accepts_new for number in pool.pool.numbers)
        ]
        check_id = "pools"
        if not pools:
            return Check(check_id, CheckOutcome.FAILED, "there is no pool; create one")
        if empty:
            return Check(check_id, CheckOutcome.WARNED, f"no active number in: {', '.join(empty)}")
        return Check(check_id, CheckOutcome.PASSED, f"{len(pools)}, each with an active number")

    def _consent(self) -> Check:
        name = "consent"
        findings = [
            f"{pool.name}: {finding}"
            for pool in self._directory.pools
            for finding in consent_findings(pool.pool)
        ]
        if findings:
            return Check(name, CheckOutcome.WARNED, "; ".join(findings))
        return Check(name, CheckOutcome.PASSED, "people can know who texts them")

    async def _carrier_checks(self) -> AsyncIterator[Check]:
        try:
            checks = await self._messaging.carrier_checks()
        except MessagingRefused:
            finding = "it refuses this service's credentials; see CONVERSATION_MESSAGING_TOKEN"
            yield Check("messaging_service", CheckOutcome.FAILED, finding)
            return
        except (MessagingUnavailable, CarrierCredentialsRejected):
            finding = "it or the carrier is unreachable; see its log"
            yield Check("messaging_service", CheckOutcome.FAILED, finding)
            return
        yield Check("messaging_service", CheckOutcome.PASSED, "it and the carrier are reachable")
        for check in checks:
            outcome = _CARRIER_OUTCOMES.get(check.outcome, CheckOutcome.WARNED)
            yield Check(check.check_id, outcome, check.finding)


def _redis_memory(info: Mapping[str, object], write_error: str | None) -> Check:
    check_id = "redis"
    used, limit = (int(str(info.get(key, 0))) for key in ("used_memory", "maxmemory"))
    memory = f"memory {_megabytes(used)}, no maxmemory"
    if limit:
        memory = f"memory {_megabytes(used)} of {_megabytes(limit)} maxmemory"
    if write_error:
        return Check(check_id, CheckOutcome.FAILED, f"it refuses writes ({write_error}); {memory}")
    if limit and used >= limit * MEMORY_WARNING:
        return Check(check_id, CheckOutcome.WARNED, f"almost full: {memory}")
    return Check(check_id, CheckOutcome.PASSED, f"reachable; {memory}")


def _megabytes(size: int) -> str:
    return f"{size / 1024**2:.1f} MB"


def _redis_version(info: Mapping[str, object]) -> Check:
    check_id = "redis_version"
    reported = str(info.get("valkey_version") or info.get("redis_version", "0"))
    version = tuple(int(part) for part in reported.split(".")[:2] if part.isdigit())
    if version < MIN_REDIS_VERSION:
        return Check(check_id, CheckOutcome.FAILED, f"{reported} is older than 7.0")
    return Check(check_id, CheckOutcome.PASSED, reported)


def _redis_durability(info: Mapping[str, object]) -> Check:
    check_id = "redis_durability"
    if info.get("aof_enabled"):
        return Check(check_id, CheckOutcome.PASSED, "the append-only file is on")
    finding = "a restart of Redis loses acknowledged messages; set appendonly yes"
    return Check(check_id, CheckOutcome.WARNED, finding)


def _redis_eviction(info: Mapping[str, object]) -> Check:
    check_id, policy = "redis_eviction", str(info.get("maxmemory_policy", "unknown"))
    if policy == "noeviction":
        return Check(check_id, CheckOutcome.PASSED, "no keys are evicted")
    finding = f"{policy} may evict conversations; set maxmemory-policy noeviction"
    return Check(check_id, CheckOutcome.FAILED, finding)
