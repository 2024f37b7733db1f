"""What is stored unreadable, each for its own record."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from redis.asyncio import Redis

from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool
from conversation_service.store.encryption import conversation_keys as text_keys
from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.records.conversation import (
    VERSION,
    decode_conversation,
    dumps,
    encode_conversation,
)
from conversation_service.store.records.payloads import StoredResponse
from conversation_service.store.records.pool import decode_pool, encode_pool


class RecordCipher:
    """Seals and opens the records of one pool. Raises InvalidTag for what another key sealed."""

    def __init__(self, keys: Keys, vault: Cipher) -> None:
        self._keys = keys
        self._vault = vault
        self._people = PersonIds(vault)

    def conversation(self, conversation: Conversation) -> bytes:
        """Etag, a line break, body. The secret of its words goes when it ends."""
        record = self._keys.conversation(conversation.conversation_id)
        secret = conversation.text_secret if conversation.is_live else b""
        sealed = self._vault.seal(secret + encode_conversation(conversation), record)
        return conversation.etag.encode() + b"\n" + sealed

    def opened_conversation(self, name: str, stored: bytes | None) -> Conversation | None:
        """A conversation as it was stored, if it was."""
        if not stored:
            return None
        etag, _, sealed = stored.partition(b"\n")
        plain = self._vault.open(sealed, self._keys.conversation(name))
        secret, body = text_keys.split_key(plain)
        return replace(self._decoded(body, name, etag.decode()), text_secret=secret)

    def pool(self, pool: Pool) -> bytes:
        """Version, a line break, body."""
        sealed = self._vault.seal(encode_pool(pool), self._keys.settings)
        return pool.version.encode() + b"\n" + sealed

    def opened_pool(self, stored: bytes) -> Pool:
        """A pool as it was stored."""
        version, _, sealed = stored.partition(b"\n")
        plain = self._vault.open(sealed, self._keys.settings)
        return decode_pool(plain, name=self._keys.pool, version=version.decode())

    def answer(self, answer: StoredResponse, record: str) -> bytes:
        """The first answer to a client, for the record of its receipt."""
        changed = answer.conversation
        stored = {
            "v": VERSION,
            "id": changed.conversation_id if changed else "",
            "etag": changed.etag if changed else "",
            "conversation": encode_conversation(changed).decode() if changed else "",
            "messages": answer.message_ids,
            "refused": answer.is_refused,
            "held": answer.is_held,
        }
        return self._vault.seal(dumps(stored), record)

    def opened_answer(self, sealed: bytes, record: str) -> StoredResponse:
        """The first answer as it was stored."""
        if not sealed:
            return StoredResponse(is_forgotten=True)
        found = json.loads(self._vault.open(sealed, record))
        if found["v"] == 1:
            return self._version_1(found)
        text = found["conversation"]
        changed = self._decoded(text.encode(), found["id"], found["etag"]) if text else None
        return StoredResponse(changed, tuple(found["messages"]), found["refused"], found["held"])

    def text(
        self, plain: bytes, record: str, conversation_id: str = "", secret: bytes = b""
    ) -> bytes:
        """Words, for one record: of a conversation that has a secret, or of none."""
        if secret:
            return text_keys.seal(plain, record, conversation_id, secret)
        return self._vault.seal(plain, record)

    def opened_text(self, sealed: bytes, record: str, secrets: Iterable[bytes] = ()) -> bytes:
        """Words as they were stored; `secrets` are those of their conversation."""
        if text_keys.conversation_of(sealed):
            return text_keys.opened(sealed, record, secrets)
        return self._vault.open(sealed, record)

    @property
    def known(self) -> Callable[[str], Person]:
        """A person of this pool by their number."""
        return lambda number: self._people.person(self._keys.pool, number)

    def _decoded(self, plain: bytes, name: str, etag: str) -> Conversation:
        pool, known = self._keys.pool, self.known
        return decode_conversation(plain, conversation_id=name, pool=pool, etag=etag, known=known)

    def _version_1(self, found: dict[str, dict[str, str] | list[str]]) -> StoredResponse:
        """Version 1 held the conversation itself."""
        stored = found["conversation"]
        changed = self._decoded(dumps(stored), "", "") if stored else None
        return StoredResponse(changed, tuple(found["messages"]))


# Each conversation's secrets: of its present life, and of those that ended a short while ago.
Secrets = Mapping[str, Sequence[bytes]]


class ConversationKeys:
    """Those of one pool."""

    def __init__(self, redis: Redis, pool: str, vault: Cipher) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._seals = RecordCipher(self._keys, vault)

    async def of(self, sealed: Iterable[bytes]) -> Secrets:
        """What it takes to open these, in one round trip; none if none is under such a key."""
        names = sorted({name for one in sealed if (name := text_keys.conversation_of(one))})
        pipeline = self._redis.pipeline(transaction=False)
        for name in names:
            # In this order a conversation that ends in between is found in both, not in neither.
            pipeline.get(self._keys.conversation(name))
            pipeline.lrange(self._keys.text_secrets(name), 0, -1)
        found = await pipeline.execute() if names else []
        stored = zip(names, found[::2], found[1::2], strict=True)
        return {name: self._opened(name, one, ended) for name, one, ended in stored}

    def _opened(self, name: str, conversation: bytes | None, ended: list[bytes]) -> list[bytes]:
        """What somebody damaged is left out: its texts cannot be read, and others can."""
        secrets = []
        with suppress(InvalidTag):
            found = self._seals.opened_conversation(name, conversation)
            secrets += [found.text_secret] if found else []
        for one in ended:
            with suppress(InvalidTag):
                secrets.append(self._seals.opened_text(one, self._keys.text_secrets(name)))
        return secrets
