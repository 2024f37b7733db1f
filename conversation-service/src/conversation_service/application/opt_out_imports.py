"""Opt-outs of people who come from another system, in lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from conversation_service.application.opt_outs import OptOuts
from conversation_service.domain.errors import (
    ConversationError,
    FieldViolation,
    InvalidArgument,
)
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.store.deployment.opt_out_requests import OptOutRequests
from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.keyspace.timestamps import optional_ms
from runtime.clock import Clock

IN_FUTURE = InvalidArgument([FieldViolation("opt_out_time", "must not be in the future")])

# The opt-out after the request; None if the person has opted in since.
ImportResult = OptOut | None | ConversationError


@dataclass(frozen=True, slots=True)
class ImportedOptOut:
    """A person of the list, and when they opted out; None for now."""

    phone_number: str = field(repr=False)
    time: datetime | None


class OptOutImports:
    """Puts people on the suppression list and ends their conversations. Idempotent."""

    def __init__(
        self, opt_outs: OptOuts, requests: OptOutRequests, people: PersonIds, clock: Clock
    ) -> None:
        self._opt_outs = opt_outs
        self._requests = requests
        self._people = people
        self._clock = clock

    async def run(
        self, request_id: str, items: Sequence[ImportedOptOut | InvalidArgument], note: str
    ) -> list[ImportResult]:
        """One result for each item; an invalid one fails no other. Raises RequestIdReused."""
        await self._requests.begin_import(request_id, [note, *map(_fingerprint, items)])
        now = self._clock.now()
        checked = [_check(item, now) for item in items]
        people = {
            self._people.person_id(item.phone_number): item
            for item in checked
            if isinstance(item, ImportedOptOut)
        }
        new = {
            person_id: OptOut(item.time or now, OptOutSource.IMPORT, note=note)
            for person_id, item in people.items()
        }
        opt_outs = await self._requests.import_all(request_id, new, now)
        results: dict[str, ImportResult] = {**opt_outs, **await self._end_all(list(people))}
        return [
            item
            if isinstance(item, InvalidArgument)
            else results[self._people.person_id(item.phone_number)]
            for item in checked
        ]

    async def _end_all(self, person_ids: Sequence[str]) -> dict[str, ConversationError]:
        """Ends what is live of those who are opted out; returns the failures."""
        failures: dict[str, ConversationError] = {}
        for person_id in await self._opt_outs.opted_out_and_live(person_ids):
            try:
                await self._opt_outs.end_all(person_id)
            except ConversationError as failure:
                failures[person_id] = failure
        return failures


def _check(
    item: ImportedOptOut | InvalidArgument, now: datetime
) -> ImportedOptOut | InvalidArgument:
    if isinstance(item, ImportedOptOut) and item.time is not None and item.time > now:
        return IN_FUTURE
    return item


def _fingerprint(item: ImportedOptOut | InvalidArgument) -> str:
    if isinstance(item, InvalidArgument):
        return "invalid"
    return f"{item.phone_number} {optional_ms(item.time)}"
