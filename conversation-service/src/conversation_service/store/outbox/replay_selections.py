"""Which dead letters a request to replay several has chosen: a repetition chooses no others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from conversation_service.domain.errors import RequestIdReused
from conversation_service.domain.model.events import DeadLetterReason
from conversation_service.store.keyspace.timestamps import span_ms
from conversation_service.store.storage import PoolStorage

# The contract's limit, and one page of the stream.
MAX_SELECTED = 500


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """Dead letters of one reason, from behind an id if it is not empty."""

    request_id: str
    reason: DeadLetterReason
    limit: int
    after: str


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen dead letters, and the id after which to go on; empty at the end."""

    dead_letter_ids: Sequence[str]
    next_token: str


class ReplaySelections:
    """Of one pool. The record of a request has a line each for fingerprint, token and ids."""

    def __init__(self, storage: PoolStorage) -> None:
        self._redis = storage.redis
        self._keys = storage.keys
        self._cipher = storage.cipher

    async def find(self, request: ReplayRequest) -> Selection | None:
        """What an earlier request with this id chose; raises RequestIdReused."""
        stored = await self._redis.get(self._key(request))
        if not isinstance(stored, bytes):
            return None
        fingerprint, next_token, ids = stored.decode().split("\n")
        if fingerprint != self._fingerprint(request):
            raise RequestIdReused(request.request_id)
        return Selection(ids.split(), next_token)

    async def add(
        self, request: ReplayRequest, selection: Selection, lifetime: timedelta
    ) -> Selection:
        """Keeps the first selection of a request, and returns it. Raises RequestIdReused."""
        ids = " ".join(selection.dead_letter_ids)
        record = "\n".join((self._fingerprint(request), selection.next_token, ids))
        await self._redis.set(self._key(request), record, px=span_ms(lifetime), nx=True)
        return await self.find(request) or selection

    def _key(self, request: ReplayRequest) -> str:
        index = self._cipher.blind_index("replay-all", request.request_id)
        return self._keys.dead_letter_request(index)

    def _fingerprint(self, request: ReplayRequest) -> str:
        fields = (request.request_id, request.reason.value, str(request.limit), request.after)
        return self._cipher.blind_index("replay-all-fields", *fields)
