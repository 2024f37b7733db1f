"""Restores that operators have accepted: each request id accepts once."""

import json
from dataclasses import astuple, dataclass
from datetime import timedelta

from conversation_service.store.records.conversation import dumps
from conversation_service.store.storage import Storage

# As long as a pool keeps the requests about its conversations, by default.
REQUESTS_KEPT = timedelta(hours=72)

VERSION = 1


@dataclass(frozen=True, slots=True)
class AcceptedRestore:
    """What the acceptance of a restored copy changed."""

    ended_conversations: int
    dropped_messages: int
    restored_opt_outs: int


class RestoreRequests:
    """The first result of each request id, which is hashed."""

    def __init__(self, storage: Storage) -> None:
        self._redis = storage.redis
        self._cipher = storage.cipher
        self._keys = storage.keys

    async def find(self, request_id: str) -> AcceptedRestore | None:
        """The result of an earlier request with this id."""
        stored = await self._redis.get(self._key(request_id))
        if not isinstance(stored, bytes):
            return None
        _, *counts = json.loads(stored)
        return AcceptedRestore(*counts)

    async def add(self, request_id: str, accepted: AcceptedRestore) -> None:
        """Keeps a result."""
        stored = dumps([VERSION, *astuple(accepted)])
        await self._redis.set(self._key(request_id), stored, px=REQUESTS_KEPT)

    def _key(self, request_id: str) -> str:
        return self._keys.restore_request(self._cipher.blind_index("restore-request", request_id))
