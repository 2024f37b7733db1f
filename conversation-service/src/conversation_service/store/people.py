"""What the deployment has of people: their opt-outs, and masked numbers among their numbers."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, cast

from redis.asyncio import Redis

from conversation_service.domain.model.consent import OptOut
from conversation_service.domain.model.participants import Person
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.keyspace.timestamps import span_ms
from conversation_service.store.records.payloads import decode_opt_out
from conversation_service.store.short_lived import LIFE_SECONDS
from conversation_service.store.storage import PoolStorage
from runtime.redis.scripts import Command, Reply

# Longer than a replica decides on its own last state of a conversation, one message after another.
MARK_LIFE = 3 * timedelta(seconds=LIFE_SECONDS)


class PeopleStatus(NamedTuple):
    """The people who opted out, and those whose number is a masked number of any pool."""

    opt_outs: dict[Person, OptOut]
    masked: set[Person]


NOBODY = PeopleStatus({}, set())


async def mark_changed(redis: Redis, person_ids: Sequence[str]) -> None:
    """Makes replicas ask about these people again instead of deciding on their own last states.

    Comes before the change, and lasts longer than those states.
    """
    pools = cast("set[bytes]", await redis.smembers(DeploymentKeys().pools))
    pipeline = redis.pipeline(transaction=False)
    for pool in pools:
        for person_id in person_ids:
            pipeline.set(Keys(pool.decode()).person_changed(person_id), 1, px=span_ms(MARK_LIFE))
    await pipeline.execute()


class PeopleLookup:
    """Commands that take part in somebody else's round trip, and their replies."""

    def __init__(self, storage: PoolStorage) -> None:
        self._keys = DeploymentKeys()
        self._index = storage.index

    def calls(self, people: Sequence[Person]) -> list[Command]:
        """Two commands, or none for nobody."""
        if not people:
            return []
        opt_outs = (self._keys.opt_out(person.person_id) for person in people)
        numbers = (self._index.number(person.phone_number) for person in people)
        return [("MGET", *opt_outs), ("HMGET", self._keys.numbers, *numbers)]

    def status(self, people: Sequence[Person], replies: Sequence[Reply]) -> PeopleStatus:
        """The replies to these commands."""
        if not people:
            return NOBODY
        opt_outs, owners = cast("Sequence[list[bytes | None]]", replies)
        return PeopleStatus(
            {
                person: decode_opt_out(stored)
                for person, stored in zip(people, opt_outs, strict=True)
                if stored
            },
            {person for person, owner in zip(people, owners, strict=True) if owner},
        )
