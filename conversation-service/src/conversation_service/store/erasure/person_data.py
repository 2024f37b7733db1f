"""Removes what is stored about a person, in one pool."""

from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from redis.asyncio import Redis

from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.participants import Person
from conversation_service.store.conversations.commit import TIMELINE_LENGTH
from conversation_service.store.conversations.repository import erase_call
from conversation_service.store.encryption.blind_index import BlindIndexKeys
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.keyspace.timestamps import to_ms
from conversation_service.store.outbox.entry import CorruptEntry, OutboxDecoder, OutboxEntry
from conversation_service.store.records.encrypted import ConversationKeys
from runtime.redis.scripts import RedisScripts, raised

# Texts looked at in one round trip: short for Redis, which does nothing else meanwhile.
PAGE = 500

# Ids of events are Redis's own time, and conversations are of the service's.
CLOCKS_APART = timedelta(hours=1)

Entry = tuple[bytes, dict[bytes, bytes]]

# Recipient, conversation and talk of a message; none of them once it is forgotten.
Known = Sequence[bytes | None]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """An entry of a stream of texts, as far as it can be read."""

    entry_id: bytes
    message_id: str
    # Empty outside of any conversation.
    conversation_id: str
    # Who receives it, by the id that is the same in all pools.
    person_id: str
    is_relayed: bool
    # The one text that who opted out may get.
    is_confirmation: bool


class PersonDataEraser:
    """One pool's. All of it may be repeated."""

    def __init__(self, redis: Redis, pool: str, vault: Cipher) -> None:
        self._redis = redis
        self._scripts = RedisScripts(redis, "conversation_service.store")
        self._keys = Keys(pool)
        self._names = BlindIndexKeys(self._keys, vault)
        self._opener = OutboxDecoder(pool, vault)
        self._secrets = ConversationKeys(redis, pool, vault)

    async def texts(
        self, person: Person, conversation_ids: AbstractSet[str], *, only_theirs: bool
    ) -> int:
        """Drops texts to the person, and their words in these conversations; how many.

        `only_theirs` leaves what the person is texted outside of these conversations. What the
        other participants are owed besides stays, and with it the secret of its conversation; so
        does the one confirmation that is on its way to the person.
        """
        dropped, owed = 0, set[str]()
        for stream in (self._keys.outbox, self._keys.dead):
            async for page in self._pages(stream):
                texts = await self._owed(page)
                gone = [
                    one
                    for one in texts
                    if _is_erased_with(one, person, conversation_ids, only_theirs)
                    and not (one.is_confirmation and stream == self._keys.outbox)
                ]
                owed |= {one.conversation_id for one in texts if one not in gone}
                await self._drop(stream, gone)
                dropped += len(gone)
        await self._destroy_secrets(conversation_ids - owed)
        return dropped

    async def pairs(self, person: Person, partners: Sequence[Person]) -> None:
        """Removes which number the person used last with these.

        Block lists stay, as the other one relies on them, and counts of wrong codes: whoever is
        erased is no new person to those. Both know the person by a keyed hash only.
        """
        keys = [self._names.last_number(person, other) for other in partners]
        if keys:
            await self._redis.delete(*keys)

    async def conversations(self, ended: Sequence[Conversation], now: datetime) -> int:
        """Removes ended conversations with all their traces, and says how many.

        One that goes on meanwhile stays.
        """
        for one in ended:
            await self._old_events(one)
        calls = (erase_call(self._keys, one, now) for one in ended)
        found = await self._scripts.run([self._scripts.call("forget", *one) for one in calls])
        return sum(cast("list[bytes]", reply)[0] == b"done" for reply in raised(found))

    async def history(self, person: Person) -> None:
        """Removes from the person's history what is kept no longer.

        What is kept stays in it, or nobody would find it: it may have ended only just now.
        """
        key = self._keys.history(person.participant_id)
        names = cast("list[bytes]", await self._redis.zrange(key, 0, -1))
        pipeline = self._redis.pipeline(transaction=False)
        for name in names:
            pipeline.exists(self._keys.conversation(name.decode()))
        kept = await pipeline.execute() if names else []
        if gone := [name for name, is_kept in zip(names, kept, strict=True) if not is_kept]:
            await self._redis.zrem(key, *gone)

    async def _old_events(self, ended: Conversation) -> None:
        """Removes the events, with their messages, that are not in a timeline any more.

        It names the latest ones: of what was very long the others are looked for.
        """
        timeline = self._keys.timeline(ended.conversation_id)
        if await self._redis.llen(timeline) < TIMELINE_LENGTH:
            return
        start, name = to_ms(ended.create_time - CLOCKS_APART), ended.conversation_id.encode()
        async for page in self._pages(self._keys.events, str(start)):
            gone = [one for one in page if one[1].get(b"conversation") == name]
            messages = {fields.get(b"message", b"").decode() for _, fields in gone}
            if gone:
                await self._redis.xdel(self._keys.events, *(event_id for event_id, _ in gone))
                await self._redis.delete(*map(self._keys.message, messages))

    async def _pages(self, stream: str, start: str = "-") -> AsyncIterator[list[Entry]]:
        """As the stream is now: what comes later is owed to nobody who is being erased."""
        newest = cast("list[Entry]", await self._redis.xrevrange(stream, count=1))
        end = newest[0][0].decode() if newest else ""
        while end:
            page = cast("list[Entry]", await self._redis.xrange(stream, start, end, count=PAGE))
            if page:
                yield page
                start = f"({page[-1][0].decode()}"
            if len(page) < PAGE:
                return

    async def _owed(self, page: Sequence[Entry]) -> list[StoredMessage]:
        """What cannot be opened is known by its message, unless that is forgotten."""
        pipeline = self._redis.pipeline(transaction=False)
        for _, fields in page:
            name = fields.get(b"message", b"").decode(errors="replace")
            pipeline.hmget(self._keys.message(name), "recipient", "conversation", "talk")
        known = cast("list[Known]", await pipeline.execute())
        secrets = await self._secrets.of(fields.get(b"text", b"") for _, fields in page)
        opened = [self._opener.decode(*entry, secrets) for entry in page]
        return [_read(*one) for one in zip(page, opened, known, strict=True)]

    async def _drop(self, stream: str, texts: Sequence[StoredMessage]) -> None:
        """The dispatcher passes over what is gone, as over what it cannot read."""
        if texts:
            await self._redis.xdel(stream, *(one.entry_id for one in texts))
            await self._redis.delete(*(self._keys.message(one.message_id) for one in texts))

    async def _destroy_secrets(self, conversation_ids: AbstractSet[str]) -> None:
        if conversation_ids:
            await self._redis.delete(*map(self._keys.text_secrets, sorted(conversation_ids)))


def _is_erased_with(
    text: StoredMessage, person: Person, conversation_ids: AbstractSet[str], only_theirs: bool
) -> bool:
    is_of_theirs = text.conversation_id in conversation_ids
    is_to_them = text.person_id == person.person_id
    return (is_to_them and not only_theirs) or (is_of_theirs and (is_to_them or text.is_relayed))


def _read(entry: Entry, opened: OutboxEntry | CorruptEntry, known: Known) -> StoredMessage:
    recipient, conversation, talk = known
    place, person_id = (conversation or b"").decode(), (recipient or b"").decode()
    is_relayed = talk is not None
    if isinstance(opened, CorruptEntry):
        return StoredMessage(
            entry[0], opened.message_id, place, person_id, is_relayed, is_confirmation=False
        )
    message = opened.message
    return StoredMessage(
        entry[0],
        opened.message_id,
        message.conversation_id or place,
        opened.person_id,
        message.is_relayed or is_relayed,
        message.may_reach_opted_out,
    )
