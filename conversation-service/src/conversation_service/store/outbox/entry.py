"""Outbox entries and their decoding."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag

from conversation_service.domain.model.messages import OutboundMessage
from conversation_service.store.encryption.conversation_keys import conversation_of
from conversation_service.store.keyspace.timestamps import from_ms
from conversation_service.store.records.encrypted import DataKeys
from conversation_service.store.records.payloads import decode_payload, encode_payload
from conversation_service.store.storage import PoolStorage

# Raised for an entry that is damaged, cut short, or encrypted under another key.
_CORRUPT = (InvalidTag, ValueError, KeyError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A message in the outbox."""

    entry_id: str
    accept_time: datetime
    message: OutboundMessage

    @property
    def message_id(self) -> str:
        """The message's id."""
        return self.message.message_id

    @property
    def person_id(self) -> str:
        """The recipient's id, which is the same in all pools."""
        return self.message.to.person_id


@dataclass(frozen=True, slots=True)
class CorruptEntry:
    """An entry that cannot be decoded; `message_id` is empty if that cannot be read either."""

    entry_id: str
    message_id: str


class OutboxDecoder:
    """Decodes the entries of one pool."""

    def __init__(self, storage: PoolStorage) -> None:
        self._keys = storage.keys
        self._records = storage.records

    def decode(
        self,
        entry_id: bytes,
        fields: Mapping[bytes, bytes],
        data_keys: DataKeys,
        recent: OutboundMessage | None = None,
    ) -> OutboxEntry | CorruptEntry:
        """The message of an entry, decrypted with the data keys of its conversation.

        Its payload is not decrypted if it is that of a `recent` message.
        """
        message_id = fields.get(b"message", b"").decode(errors="replace")
        try:
            if recent is None or recent.message_id != message_id:
                message = self._decrypt(fields, data_keys)
            else:
                message = recent
            return OutboxEntry(entry_id.decode(), from_ms(int(fields[b"at"])), message)
        except _CORRUPT:
            return CorruptEntry(entry_id.decode(), message_id)

    def reencrypt(self, fields: Mapping[bytes, bytes], data_keys: DataKeys) -> bytes:
        """The payload under the state key: a dead letter outlives its conversation's data key.

        Empty if the payload is corrupt: it is then kept as it is.
        """
        try:
            message = self._decrypt(fields, data_keys)
        except _CORRUPT:
            return b""
        record = self._keys.message(message.message_id)
        return self._records.encrypt_body(encode_payload(message), record)

    def _decrypt(self, fields: Mapping[bytes, bytes], data_keys: DataKeys) -> OutboundMessage:
        encrypted, message_id = fields[b"text"], fields[b"message"].decode()
        conversation_id = conversation_of(encrypted)
        plain = self._records.decrypt_body(
            encrypted, self._keys.message(message_id), data_keys.get(conversation_id, ())
        )
        return decode_payload(plain, message_id, self._records.person, conversation_id)
