"""Resolves uncertain sends: sent, to be sent again, or given up."""

from datetime import timedelta

import structlog

from messaging_service.ledger.uncertain_sends import UncertainSends
from messaging_service.model.message import (
    MessageRecord,
    OutboundMessage,
    SendResolution,
    UncertainSend,
)
from messaging_service.model.segments import segments_of
from messaging_service.model.send_result import SendResult, result_from_record
from messaging_service.uncertain.carrier_search import CarrierSearch, SearchResult, sent_message
from messaging_service.uncertain.schedule import MAX_RESENDS, LookupSchedule, resolution_for
from runtime.clock import Clock

log = structlog.get_logger()

_LOSS = SendResolution.PREFERRED_LOSS


class UncertainSendResolver:
    """Works only when the caller asks for a message again, so it stores no number and no body.

    Without a search only receipts resolve a send, and then the policy decides at the times at which
    the last lookups would be. Where a send that is repeated is carried out once, it is repeated
    instead, at the times of the lookups.
    """

    def __init__(
        self,
        uncertain_sends: UncertainSends,
        search: CarrierSearch | None,
        schedule: LookupSchedule,
        clock: Clock,
        *,
        is_repeated: bool = False,
    ) -> None:
        self._uncertain_sends = uncertain_sends
        self._search = search
        self._schedule = schedule
        self._clock = clock
        self._is_repeated = is_repeated

    def result_for(self, message: OutboundMessage, record: MessageRecord) -> SendResult:
        """The result of a message, with the time to ask again while it is being resolved."""
        segments = segments_of(message, record.media_count)
        return result_from_record(record, self._retry_after(record), segments)

    async def resolve(
        self, message: OutboundMessage, record: MessageRecord
    ) -> MessageRecord | None:
        """The present record, after a lookup if one is due; None if it is to be sent again.

        Raises BackendUnavailable.
        """
        uncertain = record.uncertain_send
        if uncertain is None or record.resolution is _LOSS or not self._is_due(record, uncertain):
            return record
        if self._repeats(record):
            await self._send_again(record, uncertain, SendResolution.SENT_AGAIN)
            return None
        result = await self._find(message, record, uncertain)
        for carrier_message_id in result.carrier_message_ids:
            bound = await self._uncertain_sends.bind_record(record.message_id, carrier_message_id)
            if bound:
                _log(record, SendResolution.RECORD)
                return bound
        return await self._not_on_record(message, record, uncertain, result)

    def _retry_after(self, record: MessageRecord) -> timedelta | None:
        uncertain = record.uncertain_send
        if uncertain is None or record.resolution is _LOSS:
            return None
        return self._schedule.retry_after(self._waited(uncertain), self._done(record, uncertain))

    def _is_due(self, record: MessageRecord, uncertain: UncertainSend) -> bool:
        return self._schedule.is_due(self._waited(uncertain), self._done(record, uncertain))

    def _done(self, record: MessageRecord, uncertain: UncertainSend) -> int:
        """How many times of the schedule are past. Each repetition waits longer than the last."""
        if self._repeats(record):
            return min(record.resends, len(self._schedule.times) - 1)
        return uncertain.lookups_done

    def _repeats(self, record: MessageRecord) -> bool:
        return self._is_repeated and record.resends < MAX_RESENDS

    def _waited(self, uncertain: UncertainSend) -> timedelta:
        return self._clock.now() - uncertain.unknown_time

    async def _find(
        self, message: OutboundMessage, record: MessageRecord, uncertain: UncertainSend
    ) -> SearchResult:
        if self._search is None:
            return SearchResult((), is_complete=False)
        sent = sent_message(message, is_mms=record.media_count > 0, start=uncertain.first_start)
        return await self._search.find(sent)

    async def _not_on_record(
        self,
        message: OutboundMessage,
        record: MessageRecord,
        uncertain: UncertainSend,
        result: SearchResult,
    ) -> MessageRecord | None:
        # Without records to read nothing but time passes.
        has_failed = self._search is not None and not result.is_complete
        done = self._schedule.done(
            self._waited(uncertain), uncertain.lookups_done, has_failed=has_failed
        )
        resolution = resolution_for(
            self._schedule,
            done,
            is_complete=result.is_complete,
            resends=record.resends,
            policy=message.uncertain_send_policy,
        )
        sends, message_id = self._uncertain_sends, record.message_id
        if resolution is None:
            return await sends.record_lookup(message_id, uncertain, done) or record
        if resolution is _LOSS:
            _log(record, resolution)
            return await sends.give_up(message_id, uncertain) or record
        await self._send_again(record, uncertain, resolution)
        return None

    async def _send_again(
        self, record: MessageRecord, uncertain: UncertainSend, resolution: SendResolution
    ) -> None:
        _log(record, resolution)
        await self._uncertain_sends.allow_resend(record.message_id, uncertain, resolution)


def _log(record: MessageRecord, resolution: SendResolution) -> None:
    log.warning("unknown_send_resolved", message_id=record.message_id, resolution=resolution.value)
