"""One entry of the outbox: a text that is owed to somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag

from conversation_service.store.encryption.conversation_keys import conversation_of
from conversation_service.store.keyspace.timestamps import from_ms
from conversation_service.store.records.encrypted import Secrets
from conversation_service.store.records.payloads import Envelope, decode_payload
from conversation_service.store.storage import PoolStorage

# What opening raises for an entry that is damaged, cut short, or sealed with another key.
DAMAGED = (InvalidTag, ValueError, KeyError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A text in the outbox."""

    entry_id: str
    message_id: str
    accept_time: datetime
    envelope: Envelope
    # Who receives it, by the id that is the same in all pools.
    person_id: str


@dataclass(frozen=True, slots=True)
class CorruptEntry:
    """An entry that cannot be opened; `message_id` is empty when even that cannot be read."""

    entry_id: str
    message_id: str


class OutboxDecoder:
    """Opens the entries of one pool."""

    def __init__(self, storage: PoolStorage) -> None:
        self._keys = storage.keys
        self._seals = storage.records
        self._people = storage.people

    def opened(
        self, entry_id: bytes, fields: Mapping[bytes, bytes], secrets: Secrets
    ) -> OutboxEntry | CorruptEntry:
        """The text in an entry. One that cannot be opened is no reason to stop at it."""
        try:
            return self._text(entry_id.decode(), fields, secrets)
        except DAMAGED:
            message_id = fields.get(b"message", b"").decode(errors="replace")
            return CorruptEntry(entry_id.decode(), message_id)

    def plain(self, fields: Mapping[bytes, bytes], secrets: Secrets) -> bytes:
        """What was sealed in an entry; raises one of DAMAGED."""
        sealed, record = fields[b"text"], self._keys.message(fields[b"message"].decode())
        return self._seals.opened_text(sealed, record, secrets.get(conversation_of(sealed), ()))

    def _text(self, entry_id: str, fields: Mapping[bytes, bytes], secrets: Secrets) -> OutboxEntry:
        message_id = fields[b"message"].decode()
        envelope = decode_payload(self.plain(fields, secrets))
        return OutboxEntry(
            entry_id=entry_id,
            message_id=message_id,
            accept_time=from_ms(int(fields[b"at"])),
            envelope=envelope,
            person_id=self._people.person_id(envelope.to_number),
        )
