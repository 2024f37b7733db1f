"""What the stores share: one connection, one cipher, one set of Lua scripts, one set of keys."""

from collections.abc import Sequence
from typing import cast

from redis.asyncio import Redis

from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import OutboundMessage
from conversation_service.store.encryption.blind_index import BlindIndexKeys, PersonIds
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.records.encrypted import ConversationKeys, RecordCipher
from conversation_service.store.records.message import decode_record
from conversation_service.store.short_lived import ShortLived
from runtime.redis.scripts import Argument, RedisScripts, raise_first_error


class Storage:
    """Of the whole deployment."""

    def __init__(self, redis: Redis, cipher: Cipher) -> None:
        self.redis = redis
        self.cipher = cipher
        self.scripts = RedisScripts(redis, "conversation_service.store")
        self.people = PersonIds(cipher)
        self.keys = DeploymentKeys()
        self._pools: dict[str, PoolStorage] = {}

    def pool(self, name: str) -> "PoolStorage":
        """The same object for each call with this name."""
        if name not in self._pools:
            self._pools[name] = PoolStorage(self, name)
        return self._pools[name]


class PoolStorage:
    """Of one pool."""

    def __init__(self, deployment: Storage, name: str) -> None:
        self.redis = deployment.redis
        self.cipher = deployment.cipher
        self.scripts = deployment.scripts
        self.people = deployment.people
        self.keys = Keys(name)
        self.index = BlindIndexKeys(self.keys, self.cipher)
        self.records = RecordCipher(self.keys, self.cipher, self.people)
        self.data_keys = ConversationKeys(self.redis, self.keys, self.records)
        # By their stored payload: what this replica committed itself, it need not decrypt.
        self.recent_messages = ShortLived[bytes, OutboundMessage]()

    async def message_records(self, message_ids: Sequence[str]) -> list[MessageRecord | None]:
        """The records of messages; None for one that is not kept."""
        keys = [self.keys.message(message_id) for message_id in message_ids]
        stored = cast("list[bytes | None]", await self.redis.mget(keys) if keys else [])
        return [
            None if record is None else decode_record(message_id, record)
            for message_id, record in zip(message_ids, stored, strict=True)
        ]


async def run_script(
    scripts: RedisScripts, name: str, keys: Sequence[str], arguments: Sequence[Argument]
) -> list[bytes]:
    """Runs one script in a round trip of its own; raises Redis's errors."""
    [reply] = raise_first_error(await scripts.run([scripts.call(name, keys, arguments)]))
    return cast("list[bytes]", reply)
