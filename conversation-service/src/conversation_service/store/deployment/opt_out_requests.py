"""Opt-outs and opt-ins by clients: each request id changes the suppression list once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from conversation_service.domain.errors import RequestIdReused
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.store.deployment.state_directory import KnownConsent
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.keyspace.timestamps import span_ms
from conversation_service.store.records.payloads import decode_opt_out, encode_opt_out
from conversation_service.store.storage import Storage
from runtime.redis.scripts import Command, raise_first_error

# As long as a pool keeps the requests about its conversations, by default.
REQUESTS_KEPT = timedelta(hours=72)

# Opt-outs of an import in one round trip, which takes Redis some milliseconds.
BATCH = 100


class OptOutRequests:
    """One set of request ids for all methods; neither ids nor people are readable in Redis."""

    def __init__(self, storage: Storage, suppression: SuppressionList) -> None:
        self._redis = storage.redis
        self._suppression = suppression
        self._cipher = storage.cipher
        self._scripts = storage.scripts
        self._keys = storage.keys

    async def change(
        self, request_id: str, person_id: str, new: OptOut | None, now: datetime
    ) -> OptOut | None:
        """The opt-out after the first request of this id; `new` is None to opt in.

        Raises RequestIdReused if that was about another person or by the other method.
        """
        request = self._cipher.blind_index("opt-out-request", request_id)
        method = "out" if new else "in"
        fingerprint = self._cipher.blind_index("opt-out-changed", request_id, method, person_id)
        if new:
            await self._suppression.announce(person_id)
        [(word, stored)] = await self._run([self._call(request, fingerprint, person_id, new)])
        if word == b"reused":
            raise RequestIdReused(request_id)
        if word == b"changed":
            source = OptOutSource.CLIENT
            await self._suppression.keep(KnownConsent(now, person_id, source, opts_in=new is None))
        return decode_opt_out(stored) if stored else None

    async def begin_import(self, request_id: str, fields: Sequence[str]) -> None:
        """Takes the request id for these fields; raises RequestIdReused if it has others."""
        request = self._cipher.blind_index("opt-out-request", request_id)
        fingerprint = self._cipher.blind_index("opt-outs-imported", request_id, *fields)
        key = self._keys.opt_out_request(request)
        record = f"{fingerprint}\n".encode()
        await self._redis.set(key, record, px=REQUESTS_KEPT, nx=True)
        if await self._redis.get(key) != record:
            raise RequestIdReused(request_id)

    async def import_all(
        self, request_id: str, opt_outs: Mapping[str, OptOut], now: datetime
    ) -> dict[str, OptOut | None]:
        """The opt-out of each person id after the first request of this id."""
        results: dict[str, OptOut | None] = {}
        people = list(opt_outs)
        for start in range(0, len(people), BATCH):
            batch = people[start : start + BATCH]
            await self._suppression.announce(*batch)
            calls = [self._import_call(request_id, name, opt_outs[name]) for name in batch]
            replies = dict(zip(batch, await self._run(calls), strict=True))
            new = [name for name, (word, _) in replies.items() if word == b"changed"]
            source = OptOutSource.IMPORT
            await self._suppression.keep(
                *(KnownConsent(now, person_id, source, opts_in=False) for person_id in new)
            )
            for person_id, (_, stored) in replies.items():
                results[person_id] = decode_opt_out(stored) if stored else None
        return results

    def _import_call(self, request_id: str, person_id: str, opt_out: OptOut) -> Command:
        request = self._cipher.blind_index("opt-out-import", request_id, person_id)
        return self._call(request, request, person_id, opt_out)

    def _call(self, request: str, fingerprint: str, person_id: str, new: OptOut | None) -> Command:
        encoded = encode_opt_out(replace(new, cause=request)) if new else b""
        keys = (self._keys.opt_out_request(request), self._keys.opt_out(person_id))
        arguments = (fingerprint, encoded, span_ms(REQUESTS_KEPT))
        return self._scripts.call("change_opt_out", keys, arguments)

    async def _run(self, calls: Sequence[Command]) -> list[list[bytes]]:
        return cast("list[list[bytes]]", raise_first_error(await self._scripts.run(calls)))
