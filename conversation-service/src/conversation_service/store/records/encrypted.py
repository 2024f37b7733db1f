"""Encrypts stored records. The Redis key is the associated data, so no value can be moved."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from cryptography.exceptions import InvalidTag
from redis.asyncio import Redis

from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.pool import Pool
from conversation_service.store.encryption import conversation_keys
from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.records.conversation import (
    decode_conversation,
    dumps,
    encode_conversation,
)
from conversation_service.store.records.payloads import (
    VERSION,
    StoredResponse,
    decode_sent,
    encode_sent,
)
from conversation_service.store.records.pool import decode_pool, encode_pool


class RecordCipher:
    """Encrypts and decrypts the records of one pool. Raises InvalidTag for foreign values."""

    def __init__(self, keys: Keys, cipher: Cipher, people: PersonIds) -> None:
        self._keys = keys
        self._cipher = cipher
        self.person = partial(people.person, keys.pool)

    def encrypt_conversation(self, conversation: Conversation) -> bytes:
        """Etag, a line break, body. The record of an ended conversation has no data key."""
        record = self._keys.conversation(conversation.conversation_id)
        data_key = conversation.data_key if conversation.is_live else b""
        encrypted = self._cipher.encrypt(data_key + encode_conversation(conversation), record)
        return conversation.etag.encode() + b"\n" + encrypted

    def decrypt_conversation(
        self, conversation_id: str, stored: bytes | None
    ) -> Conversation | None:
        """A conversation, or None if there is no record."""
        if not stored:
            return None
        etag, _, encrypted = stored.partition(b"\n")
        plain = self._cipher.decrypt(encrypted, self._keys.conversation(conversation_id))
        data_key, body = conversation_keys.split_key(plain)
        conversation = self._decode(body, conversation_id, etag.decode())
        return replace(conversation, data_key=data_key)

    def encrypt_pool(self, pool: Pool) -> bytes:
        """Version, a line break, body."""
        encrypted = self._cipher.encrypt(encode_pool(pool), self._keys.settings)
        return pool.version.encode() + b"\n" + encrypted

    def decrypt_pool(self, stored: bytes) -> Pool:
        """The pool."""
        version, _, encrypted = stored.partition(b"\n")
        plain = self._cipher.decrypt(encrypted, self._keys.settings)
        return decode_pool(plain, name=self._keys.pool, version=version.decode())

    def encrypt_response(self, response: StoredResponse, record: str) -> bytes:
        """The first response to a client's command, for its idempotency record."""
        conversation = response.conversation
        body = encode_conversation(conversation) if conversation else b""
        values = {
            "v": VERSION,
            "id": conversation.conversation_id if conversation else "",
            "etag": conversation.etag if conversation else "",
            "conversation": body.decode("latin-1"),
            "messages": [*map(encode_sent, response.messages)],
            "refused": response.is_refused,
        }
        return self._cipher.encrypt(dumps(values), record)

    def decrypt_response(self, encrypted: bytes, record: str) -> StoredResponse:
        """A stored response; an empty one contained a conversation that has been purged."""
        if not encrypted:
            return StoredResponse(is_expired=True)
        values = json.loads(self._cipher.decrypt(encrypted, record))
        body = values["conversation"].encode("latin-1")
        conversation = self._decode(body, values["id"], values["etag"]) if body else None
        messages = tuple(decode_sent(sent, values["id"]) for sent in values["messages"])
        return StoredResponse(conversation, messages, values["refused"])

    def encrypt_body(
        self, plain: bytes, record: str, conversation_id: str = "", data_key: bytes = b""
    ) -> bytes:
        """A message body, under the data key of its conversation if there is one."""
        if data_key:
            return conversation_keys.encrypt(plain, record, conversation_id, data_key)
        return self._cipher.encrypt(plain, record)

    def decrypt_body(self, encrypted: bytes, record: str, data_keys: Iterable[bytes] = ()) -> bytes:
        """A message body; `data_keys` are those of its conversation."""
        if conversation_keys.conversation_of(encrypted):
            return conversation_keys.decrypt(encrypted, record, data_keys)
        return self._cipher.decrypt(encrypted, record)

    def _decode(self, plain: bytes, conversation_id: str, etag: str) -> Conversation:
        return decode_conversation(
            plain,
            conversation_id=conversation_id,
            pool=self._keys.pool,
            etag=etag,
            person=self.person,
        )


# The data keys of conversations by id: the present one, and those of recent endings.
DataKeys = Mapping[str, Sequence[bytes]]


class ConversationKeys:
    """Loads the data keys of one pool's conversations."""

    def __init__(self, redis: Redis, keys: Keys, records: RecordCipher) -> None:
        self._redis = redis
        self._keys = keys
        self._records = records

    async def of(self, encrypted: Iterable[bytes]) -> DataKeys:
        """The data keys that decrypt these values, in one round trip; none for the state key."""
        ids = sorted(
            {owner for value in encrypted if (owner := conversation_keys.conversation_of(value))}
        )
        pipeline = self._redis.pipeline(transaction=False)
        for conversation_id in ids:
            # In this order a conversation that ends in between is found twice instead of never.
            pipeline.get(self._keys.conversation(conversation_id))
            pipeline.lrange(self._keys.data_keys(conversation_id), 0, -1)
        replies = await pipeline.execute() if ids else []
        stored = zip(ids, replies[::2], replies[1::2], strict=True)
        return {
            conversation_id: self._decrypt(conversation_id, record, ended)
            for conversation_id, record, ended in stored
        }

    def _decrypt(
        self, conversation_id: str, record: bytes | None, ended: list[bytes]
    ) -> list[bytes]:
        """Skips damaged values: their messages cannot be read, but others can."""
        data_keys = []
        with suppress(InvalidTag):
            conversation = self._records.decrypt_conversation(conversation_id, record)
            data_keys += [conversation.data_key] if conversation else []
        for encrypted in ended:
            with suppress(InvalidTag):
                record_key = self._keys.data_keys(conversation_id)
                data_keys.append(self._records.decrypt_body(encrypted, record_key))
        return data_keys
