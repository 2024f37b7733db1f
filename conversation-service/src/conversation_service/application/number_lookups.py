"""Look-ups of people by number: logged, counted, and limited for each caller."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from conversation_service.domain.errors import (
    AlreadyInConversation,
    MaskedNumberCooling,
    NoNumberAvailable,
    NumberLookupLimitReached,
    PairBlocked,
    ParticipantOptedOut,
)
from conversation_service.store.deployment.number_lookups import LookupCount, NumberLookupCounts

log = structlog.get_logger()

# Enough for people who answer calls; the ten million numbers of an area code would take 115 days.
LOOKUPS_PER_MINUTE = 60

LOOKUPS = Counter(
    "maskline_number_lookups", "Look-ups of people by number, by their outcome.", ["outcome"]
)

# Refusals that tell a caller that the number of the request is known.
DISCLOSING = (
    AlreadyInConversation,
    NoNumberAvailable,
    MaskedNumberCooling,
    PairBlocked,
    ParticipantOptedOut,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who looks a number up. A caller that sees all numbers anyway is not limited."""

    name: str
    is_limited: bool


class NumberLookups:
    """The limit of look-ups, the same for all replicas."""

    def __init__(self, counts: NumberLookupCounts) -> None:
        self._counts = counts

    async def record(self, caller: Caller, pool: str | None = None) -> None:
        """Counts and logs a look-up in one pool or all. Raises NumberLookupLimitReached."""
        log.info("number_looked_up", caller=caller.name, pool=pool)
        if caller.is_limited:
            _check(await self._counts.add(caller.name), LOOKUPS_PER_MINUTE)
        LOOKUPS.labels("ANSWERED").inc()

    @asynccontextmanager
    async def guard(self, caller: Caller, pool: str) -> AsyncIterator[None]:
        """Counts a refusal of the block as a look-up if it discloses that a number is known.

        Raises NumberLookupLimitReached before the block if there were too many already.
        """
        if not caller.is_limited:
            yield
            return
        _check(await self._counts.get(caller.name), LOOKUPS_PER_MINUTE - 1)
        try:
            yield
        except DISCLOSING:
            log.info("number_disclosed", caller=caller.name, pool=pool)
            await self._counts.add(caller.name)
            LOOKUPS.labels("DISCLOSED").inc()
            raise


def _check(used: LookupCount, limit: int) -> None:
    if used.count > limit:
        LOOKUPS.labels("REFUSED").inc()
        raise NumberLookupLimitReached(LOOKUPS_PER_MINUTE, used.remaining)
