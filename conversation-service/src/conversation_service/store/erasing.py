"""Removes what is stored about a person, in one pool."""

from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from redis.asyncio import Redis

from conversation_service.domain.conversation import Conversation
from conversation_service.domain.phone import Person
from conversation_service.store.forgetting import erase_call
from conversation_service.store.keys import Keys
from conversation_service.store.names import Names
from conversation_service.store.owed import OwedReader, OwedText
from conversation_service.store.text_secrets import TextSecrets
from conversation_service.store.vault import Vault
from runtime.redis_scripts import RedisScripts, raised

# Texts looked at in one round trip: short for Redis, which does nothing else meanwhile.
PAGE = 500

Entry = tuple[bytes, dict[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Owed:
    """An entry of a stream of texts: its message, and the conversation that it is of, if any."""

    entry: Entry
    message_id: str
    conversation_id: str
    # To the person, or their own words to the other participant.
    is_theirs: bool


class Erasing:
    """One pool's. All of it may be repeated."""

    def __init__(self, redis: Redis, pool: str, vault: Vault) -> None:
        self._redis = redis
        self._scripts = RedisScripts(redis, __package__)
        self._keys = Keys(pool)
        self._names = Names(self._keys, vault)
        self._opener = OwedReader(pool, vault)
        self._secrets = TextSecrets(redis, pool, vault)

    async def texts(self, person: Person, conversation_ids: AbstractSet[str]) -> int:
        """Drops texts to the person, and their words in these conversations; how many.

        What the other participants are owed besides stays, and with it the secret of its
        conversation; so does the one confirmation that is on its way to the person.
        """
        dropped, owed = 0, set[str]()
        for stream in (self._keys.outbox, self._keys.dead):
            async for page in self._pages(stream):
                texts = await self._owed(page, person, conversation_ids)
                gone = await self._without_confirmations([one for one in texts if one.is_theirs])
                owed |= {one.conversation_id for one in texts if one not in gone}
                await self._drop(stream, gone)
                dropped += len(gone)
        await self._destroy_secrets(conversation_ids - owed)
        return dropped

    async def conversations(self, ended: Sequence[Conversation], now: datetime) -> int:
        """Removes ended conversations with all their traces, and says how many.

        One that goes on meanwhile stays.
        """
        calls = (erase_call(self._keys, one, now) for one in ended)
        found = await self._scripts.run([self._scripts.call("forget", *one) for one in calls])
        return sum(cast("list[bytes]", reply)[0] == b"done" for reply in raised(found))

    async def person(self, person: Person, partners: Sequence[Person]) -> None:
        """Removes what is kept by the person's own id.

        Block lists stay, as the other one relies on them, and counts of wrong codes: whoever is
        erased is no new person to those. Both know the person by a keyed hash only.
        """
        pairs = (self._names.last_number(person, other) for other in partners)
        await self._redis.delete(self._keys.history(person.participant_id), *pairs)

    async def _pages(self, stream: str) -> AsyncIterator[list[Entry]]:
        """As the stream is now: what comes later is owed to nobody who is being erased."""
        newest = cast("list[Entry]", await self._redis.xrevrange(stream, count=1))
        start, end = "-", newest[0][0].decode() if newest else ""
        while end:
            page = cast("list[Entry]", await self._redis.xrange(stream, start, end, count=PAGE))
            if page:
                yield page
                start = f"({page[-1][0].decode()}"
            if len(page) < PAGE:
                return

    async def _owed(
        self, page: Sequence[Entry], person: Person, conversation_ids: AbstractSet[str]
    ) -> list[Owed]:
        pipeline = self._redis.pipeline(transaction=False)
        names = [fields.get(b"message", b"").decode(errors="replace") for _, fields in page]
        for name in names:
            pipeline.hmget(self._keys.message(name), "recipient", "conversation", "talk")
        found = cast("list[list[bytes | None]]", await pipeline.execute())
        owed = []
        for entry, name, (recipient, conversation, talk) in zip(page, names, found, strict=True):
            place = (conversation or b"").decode()
            is_to_them = recipient == person.person_id.encode()
            is_by_them = talk is not None and place in conversation_ids
            owed.append(Owed(entry, name, place, is_to_them or is_by_them))
        return owed

    async def _without_confirmations(self, texts: Sequence[Owed]) -> list[Owed]:
        sealed = (one.entry[1].get(b"text", b"") for one in texts)
        secrets = await self._secrets.of(sealed) if texts else {}
        opened = ((one, self._opener.opened(*one.entry, secrets)) for one in texts)
        return [
            one
            for one, text in opened
            if not isinstance(text, OwedText) or not text.envelope.may_reach_opted_out
        ]

    async def _drop(self, stream: str, texts: Sequence[Owed]) -> None:
        """The dispatcher passes over what is gone, as over what it cannot read."""
        if texts:
            await self._redis.xdel(stream, *(one.entry[0] for one in texts))
            await self._redis.delete(*(self._keys.message(one.message_id) for one in texts))

    async def _destroy_secrets(self, conversation_ids: AbstractSet[str]) -> None:
        if conversation_ids:
            await self._redis.delete(*map(self._keys.text_secrets, sorted(conversation_ids)))
