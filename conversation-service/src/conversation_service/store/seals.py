"""What is stored unreadable, each for its own record."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace

from conversation_service.domain.conversation import Conversation
from conversation_service.domain.phone import Person
from conversation_service.domain.pool import Pool
from conversation_service.store import text_keys
from conversation_service.store.codec import Answer
from conversation_service.store.conversation_codec import (
    VERSION,
    decode_conversation,
    dumps,
    encode_conversation,
)
from conversation_service.store.keys import Keys
from conversation_service.store.people import People
from conversation_service.store.pool_codec import decode_pool, encode_pool
from conversation_service.store.vault import Vault


class Seals:
    """Seals and opens the records of one pool. Raises InvalidTag for what another key sealed."""

    def __init__(self, keys: Keys, vault: Vault) -> None:
        self._keys = keys
        self._vault = vault
        self._people = People(vault)

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
        secret, body = text_keys.parted(plain)
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

    def answer(self, answer: Answer, record: str) -> bytes:
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

    def opened_answer(self, sealed: bytes, record: str) -> Answer:
        """The first answer as it was stored."""
        if not sealed:
            return Answer(is_forgotten=True)
        found = json.loads(self._vault.open(sealed, record))
        if found["v"] == 1:
            return self._version_1(found)
        text = found["conversation"]
        changed = self._decoded(text.encode(), found["id"], found["etag"]) if text else None
        return Answer(changed, tuple(found["messages"]), found["refused"], found["held"])

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

    def _version_1(self, found: dict[str, dict[str, str] | list[str]]) -> Answer:
        """Version 1 held the conversation itself."""
        stored = found["conversation"]
        changed = self._decoded(dumps(stored), "", "") if stored else None
        return Answer(changed, tuple(found["messages"]))
