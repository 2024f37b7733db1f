"""The texts that are owed, and the right to send them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from conversation_service.domain.model.events import EventType, Rule
from conversation_service.domain.model.messages import MessageState
from conversation_service.store.keyspace.timestamps import from_ms, optional_time, span_ms, to_ms
from conversation_service.store.outbox.dead_letters import Burials, DeadLetterReason
from conversation_service.store.outbox.entry import CorruptEntry, OutboxDecoder, OutboxEntry
from conversation_service.store.storage import PoolStorage
from runtime.redis.scripts import Argument, raised

# One dispatcher at a time reads, so all replicas share one name: a takeover finds what its
# predecessor read and did not settle as its own.
GROUP = "dispatch"

CONSUMER = "dispatcher"

Entry = tuple[bytes, dict[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Settlement:
    """How far an owed text got; it is not owed any more."""

    entry_id: str
    message_id: str
    state: MessageState
    # Why, for a text that was refused.
    rule: Rule | None = None
    # How it was found out what became of a send whose answer was lost; empty if none was.
    resolution: str = ""


@dataclass(frozen=True, slots=True)
class DeadLettering:
    """A text that cannot be processed: it leaves for the dead letters."""

    entry_id: str
    message_id: str
    death: DeadLetterReason
    # For how long it may lie there; as long its message is known at the least.
    kept: timedelta


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many texts are owed, and when the oldest of them was accepted; None if there is none."""

    waiting: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """What a receipt tells of a message."""

    message_id: str
    state: MessageState
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """How far a message got, and who receives it, by the id that is the same in all pools."""

    message_id: str
    state: MessageState
    accept_time: datetime
    change_time: datetime | None
    recipient_id: str
    # Empty outside of any conversation.
    conversation_id: str = ""
    # Whether it is a participant's words.
    is_relayed: bool = False


_TOLD_AS = {
    MessageState.SENT: EventType.MESSAGE_SENT,
    MessageState.DELIVERED: EventType.MESSAGE_DELIVERED,
    MessageState.UNDELIVERED: EventType.MESSAGE_UNDELIVERED,
    MessageState.REFUSED: EventType.MESSAGE_REFUSED,
    MessageState.EXPIRED: EventType.MESSAGE_EXPIRED,
    MessageState.UNKNOWN: EventType.MESSAGE_UNKNOWN,
}


class LeaseLost(Exception):
    """Another replica sends this pool's texts now."""


class Outbox:
    """One pool's outbox, as the dispatcher and the receipts use it."""

    def __init__(self, storage: PoolStorage, reader: Redis) -> None:
        """`reader` repeats no command by itself: what a lost answer held would be passed over."""
        self._redis = storage.redis
        self._reader = reader
        self._scripts = storage.scripts
        self._keys = storage.keys
        self._opener = OutboxDecoder(storage)
        self._secrets = storage.data_keys
        self._burials = Burials(storage)

    async def take_lease(self, token: str, lasts: timedelta) -> str | None:
        """Takes the right to send, or keeps it under `token`; None while another one has it."""
        ms = lasts // timedelta(milliseconds=1)
        word, given = await self._run(
            "acquire_lease", (self._keys.lease, self._keys.fence), (token, ms)
        )
        return given.decode() if word == b"held" else None

    async def release_lease(self, token: str) -> None:
        """Lets another replica take over at once."""
        await self._run("release_lease", (self._keys.lease,), (token,))

    async def prepare(self) -> None:
        """Makes the stream and its group, from the very beginning, where they are missing."""
        try:
            await self._redis.xgroup_create(self._keys.outbox, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def read_unsettled(self, after: str, limit: int) -> list[OutboxEntry | CorruptEntry]:
        """What was read before and not settled, oldest first, behind the entry `after`."""
        return await self._read(after, limit, block_ms=None)

    async def read_new(self, limit: int, block_ms: int | None) -> list[OutboxEntry | CorruptEntry]:
        """What nobody has read yet, oldest first; waits at most `block_ms`, or not at all."""
        return await self._read(">", limit, block_ms)

    async def read_again(self, entry_ids: Sequence[str]) -> dict[str, OutboxEntry | CorruptEntry]:
        """Entries that were read before, by their ids; those that are gone are unreadable."""
        pipeline = self._redis.pipeline(transaction=False)
        for entry_id in entry_ids:
            pipeline.xrange(self._keys.outbox, min=entry_id, max=entry_id)
        found = cast("list[list[Entry]]", await pipeline.execute() if entry_ids else [])
        opened = await self._opened([entry for entries in found for entry in entries])
        gone = {entry_id: CorruptEntry(entry_id, "") for entry_id in entry_ids}
        return gone | {one.entry_id: one for one in opened}

    async def settle(
        self, token: str, settled: Sequence[Settlement | DeadLettering], now: datetime
    ) -> None:
        """Moves texts forward and takes them out. Raises LeaseLost, and then writes nothing."""
        keys = [self._keys.lease, self._keys.outbox, self._keys.events, self._keys.dead]
        keys += [self._keys.message(one.message_id) for one in settled]
        first = (token, GROUP, to_ms(now), self._keys.timeline_prefix)
        dead = [one.entry_id for one in settled if isinstance(one, DeadLettering)]
        texts = await self._burials.texts(dead)
        arguments = [argument for one in settled for argument in _fields(one, texts)]
        word, _ = await self._run("settle", keys, (*first, *arguments))
        if word != b"done":
            raise LeaseLost

    async def advance(self, news: Sequence[StatusUpdate], now: datetime) -> list[str]:
        """Moves messages forward, as receipts tell; what is forgotten stays so.

        Answers who receives each message, by the id that is the same in all pools; empty for what
        is forgotten.
        """
        calls = [
            self._scripts.call(
                "advance_message",
                (self._keys.message(one.message_id), self._keys.events),
                (
                    one.message_id,
                    one.state.value,
                    one.state.rank,
                    to_ms(now),
                    *_told(one),
                    self._keys.timeline_prefix,
                ),
            )
            for one in news
        ]
        replies = cast("list[list[bytes]]", raised(await self._scripts.run(calls)))
        return [recipient.decode() for _, recipient in replies]

    async def messages(self, message_ids: Sequence[str]) -> list[MessageStatus]:
        """What is known of messages; those that are forgotten are left out."""
        pipeline = self._redis.pipeline(transaction=False)
        for message_id in message_ids:
            pipeline.hgetall(self._keys.message(message_id))
        found = cast("list[dict[bytes, bytes]]", await pipeline.execute())
        named = zip(message_ids, found, strict=True)
        return [_known(message_id, fields) for message_id, fields in named if fields]

    async def state(self, message_id: str) -> MessageState | None:
        """How far a message got, or None when it is forgotten."""
        return next((one.state for one in await self.messages([message_id])), None)

    async def backlog(self) -> Backlog:
        """What is owed now, by whichever replica it is sent."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.xlen(self._keys.outbox)
        pipeline.xrange(self._keys.outbox, count=1)
        waiting, found = await pipeline.execute()
        oldest = [from_ms(int(fields.get(b"at", b"0"))) for _, fields in cast("list[Entry]", found)]
        return Backlog(waiting, next(iter(oldest), None))

    async def _run(
        self, name: str, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> list[bytes]:
        [reply] = raised(await self._scripts.run([self._scripts.call(name, keys, arguments)]))
        return cast("list[bytes]", reply)

    async def _read(
        self, start: str, limit: int, block_ms: int | None
    ) -> list[OutboxEntry | CorruptEntry]:
        found = await self._reader.xreadgroup(
            GROUP, CONSUMER, {self._keys.outbox: start}, count=limit, block=block_ms
        )
        # One stream was asked for, and RESP3 answers with a map of stream names.
        streams = cast("dict[bytes, list[list[Entry]]]", found)
        entries = [entry for batches in streams.values() for batch in batches for entry in batch]
        # An entry that was removed by hand has no fields, and would be owed for ever.
        return await self._opened([(entry_id, fields or {}) for entry_id, fields in entries])

    async def _opened(self, entries: Sequence[Entry]) -> list[OutboxEntry | CorruptEntry]:
        secrets = await self._secrets.of(fields.get(b"text", b"") for _, fields in entries)
        return [self._opener.opened(*entry, secrets) for entry in entries]


def _fields(one: Settlement | DeadLettering, texts: Mapping[str, bytes]) -> tuple[Argument, ...]:
    if isinstance(one, DeadLettering):
        text = texts.get(one.entry_id, b"")
        dead = one.death.value, text, span_ms(one.kept)
        return (one.entry_id, one.message_id, "", 0, "", "", "", *dead)
    state = one.state
    moved = (one.entry_id, one.message_id, state.value, state.rank, *_told(one))
    return (*moved, one.resolution, "", "", "")


def _told(one: Settlement | StatusUpdate) -> tuple[str, str]:
    """The event that a new state is, and its detail; SENT has none worth a word."""
    kind = _TOLD_AS.get(one.state)
    return (kind.value if kind else "", one.rule.value if one.rule else "")


def _known(message_id: str, fields: dict[bytes, bytes]) -> MessageStatus:
    changed = fields.get(b"changed")
    return MessageStatus(
        message_id,
        MessageState(fields[b"state"].decode()),
        from_ms(int(fields[b"accepted"])),
        optional_time(int(changed) if changed else None),
        fields.get(b"recipient", b"").decode(),
        fields.get(b"conversation", b"").decode(),
        b"talk" in fields,
    )
