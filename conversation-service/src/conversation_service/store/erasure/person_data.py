"""Removes what is stored about a person, in one pool."""

from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import cast

from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.participants import Person
from conversation_service.store.conversations.purge import erase_call
from conversation_service.store.outbox.entry import CorruptEntry, OutboxDecoder, OutboxEntry
from conversation_service.store.storage import PoolStorage
from runtime.redis.scripts import raise_first_error

# Entries read in one round trip: short for Redis, which does nothing else meanwhile.
PAGE = 500

Entry = tuple[bytes, dict[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """An entry of the outbox or the dead letters, as far as it can be read."""

    entry_id: bytes
    message_id: str
    # Empty outside of any conversation.
    conversation_id: str
    # The recipient.
    person_id: str
    is_relayed: bool
    # The one message that may reach somebody who opted out.
    is_confirmation: bool


class PersonDataEraser:
    """Erases in one pool. All of it may be repeated."""

    def __init__(self, storage: PoolStorage) -> None:
        self._storage = storage
        self._redis = storage.redis
        self._scripts = storage.scripts
        self._keys = storage.keys
        self._index = storage.index
        self._decoder = OutboxDecoder(storage)
        self._data_keys = storage.data_keys

    async def texts(
        self, person: Person, conversation_ids: AbstractSet[str], *, only_theirs: bool
    ) -> int:
        """Removes messages to the person and relayed ones of these conversations; the number.

        `only_theirs` keeps messages to the person from outside of these conversations. Other
        messages to the other participants stay, and with them the data key of their conversation;
        so does the one confirmation that is on its way to the person.
        """
        removed, remaining = 0, set[str]()
        for stream in (self._keys.outbox, self._keys.dead):
            async for page in self._pages(stream):
                messages = await self._stored_messages(page)
                erased = [
                    message
                    for message in messages
                    if _is_erased_with(message, person, conversation_ids, only_theirs)
                    and not (message.is_confirmation and stream == self._keys.outbox)
                ]
                remaining |= {kept.conversation_id for kept in messages if kept not in erased}
                await self._remove(stream, erased)
                removed += len(erased)
        await self._destroy_data_keys(conversation_ids - remaining)
        return removed

    async def pairs(self, person: Person, partners: Sequence[Person]) -> None:
        """Removes which number the person used last with these partners, which conversations the
        blocks between them ended, and that the person was told who texts.

        Blocks, endings and counts of wrong codes and of conversations that clients opened stay:
        others rely on them, and an erased person must not become a new one to them. All hold only a
        keyed hash of the person.
        """
        keys = [self._index.last_number(person, partner) for partner in partners]
        blocks = await self._redis.zrange(self._keys.block_list(person.participant_id), 0, -1)
        keys += [
            self._keys.block_conversation(block_id.decode())
            for block_id in cast("list[bytes]", blocks)
        ]
        await self._redis.delete(self._index.introduced(person), *keys)

    async def conversations(self, ended: Sequence[Conversation], now: datetime) -> int:
        """Removes ended conversations with all their traces; the number.

        A conversation that has been reopened meanwhile stays.
        """
        arguments = [erase_call(self._storage, conversation, now) for conversation in ended]
        removed = 0
        while arguments:
            calls = [self._scripts.call("purge", *values) for values in arguments]
            replies = raise_first_error(await self._scripts.run(calls))
            outcomes = [cast("list[bytes]", reply)[0] for reply in replies]
            removed += outcomes.count(b"done")
            # A long conversation has more events than one call removes.
            arguments = list(compress(arguments, (outcome == b"more" for outcome in outcomes)))
        return removed

    async def history(self, person: Person) -> None:
        """Removes purged conversations from the person's history.

        Stored ones stay in it, or nobody would find them: one may have ended just now.
        """
        key = self._keys.history(person.participant_id)
        ids = cast("list[bytes]", await self._redis.zrange(key, 0, -1))
        pipeline = self._redis.pipeline(transaction=False)
        for conversation_id in ids:
            pipeline.exists(self._keys.conversation(conversation_id.decode()))
        stored = await pipeline.execute() if ids else []
        if purged := [name for name, is_stored in zip(ids, stored, strict=True) if not is_stored]:
            await self._redis.zrem(key, *purged)

    async def _pages(self, stream: str) -> AsyncIterator[list[Entry]]:
        """The stream as it is now: no later entry concerns a person who is being erased."""
        newest = cast("list[Entry]", await self._redis.xrevrange(stream, count=1))
        start, end = "-", newest[0][0].decode() if newest else ""
        while end:
            page = cast("list[Entry]", await self._redis.xrange(stream, start, end, count=PAGE))
            if page:
                yield page
                start = f"({page[-1][0].decode()}"
            if len(page) < PAGE:
                return

    async def _stored_messages(self, page: Sequence[Entry]) -> list[StoredMessage]:
        """An entry that cannot be decrypted is identified by its message, unless purged."""
        ids = [fields.get(b"message", b"").decode(errors="replace") for _, fields in page]
        messages = await self._storage.message_records(ids)
        data_keys = await self._data_keys.of(fields.get(b"text", b"") for _, fields in page)
        decoded = [self._decoder.decode(*entry, data_keys) for entry in page]
        return [_stored_message(*parts) for parts in zip(page, decoded, messages, strict=True)]

    async def _remove(self, stream: str, messages: Sequence[StoredMessage]) -> None:
        """The dispatcher skips entries that are gone."""
        if messages:
            await self._redis.xdel(stream, *(message.entry_id for message in messages))
            keys = (self._keys.message(message.message_id) for message in messages)
            await self._redis.delete(*keys)

    async def _destroy_data_keys(self, conversation_ids: AbstractSet[str]) -> None:
        if conversation_ids:
            await self._redis.delete(*map(self._keys.data_keys, sorted(conversation_ids)))


def _is_erased_with(
    message: StoredMessage, person: Person, conversation_ids: AbstractSet[str], only_theirs: bool
) -> bool:
    is_of_theirs = message.conversation_id in conversation_ids
    is_to_them = message.person_id == person.person_id
    return (is_to_them and not only_theirs) or (is_of_theirs and (is_to_them or message.is_relayed))


def _stored_message(
    entry: Entry, decoded: OutboxEntry | CorruptEntry, record: MessageRecord | None
) -> StoredMessage:
    """`record` is None once it is purged."""
    conversation_id, person_id = "", ""
    is_relayed = record is not None and record.is_relayed
    if record is not None:
        conversation_id, person_id = record.conversation_id, record.recipient_id
    if isinstance(decoded, CorruptEntry):
        return StoredMessage(
            entry[0],
            decoded.message_id,
            conversation_id,
            person_id,
            is_relayed,
            is_confirmation=False,
        )
    message = decoded.message
    return StoredMessage(
        entry[0],
        decoded.message_id,
        message.conversation_id or conversation_id,
        decoded.person_id,
        message.is_relayed or is_relayed,
        message.may_reach_opted_out,
    )
