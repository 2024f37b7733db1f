"""Opt-outs and opt-ins by clients: each request id changes the suppression list once."""

from dataclasses import replace
from datetime import datetime, timedelta

from conversation_service.domain.errors import RequestIdReused
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.store.deployment.state_directory import KnownConsent
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.keyspace.timestamps import span_ms
from conversation_service.store.records.payloads import decode_opt_out, encode_opt_out
from conversation_service.store.storage import Storage, run_script

# As long as a pool keeps the requests about its conversations, by default.
REQUESTS_KEPT = timedelta(hours=72)


class OptOutRequests:
    """One set of request ids for both methods; neither ids nor people are readable in Redis."""

    def __init__(self, storage: Storage, suppression: SuppressionList) -> None:
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
        encoded = encode_opt_out(replace(new, cause=request)) if new else b""
        if new:
            await self._suppression.announce(person_id)
        keys = (self._keys.opt_out_request(request), self._keys.opt_out(person_id))
        arguments = (fingerprint, encoded, span_ms(REQUESTS_KEPT))
        word, stored = await run_script(self._scripts, "change_opt_out", keys, arguments)
        if word == b"reused":
            raise RequestIdReused(request_id)
        if word == b"changed":
            source = OptOutSource.CLIENT
            await self._suppression.keep(KnownConsent(now, person_id, source, opts_in=new is None))
        return decode_opt_out(stored) if stored else None
