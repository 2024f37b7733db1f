"""Finds out what became of sends whose answer was lost."""

from dataclasses import replace
from datetime import timedelta

import structlog

from messaging_service.ledger.uncertain_sends import UncertainSends
from messaging_service.model.message import (
    MessageRecord,
    OutboundMessage,
    SendResult,
    UncertainSend,
    UnknownResolution,
    result_of,
)
from messaging_service.model.segments import segments_of
from messaging_service.uncertain.carrier_search import CarrierSearch, SearchResult, wanted_for
from messaging_service.uncertain.schedule import LookupSchedule, resolution_for
from runtime.clock import Clock

log = structlog.get_logger()

_LOSS = UnknownResolution.PREFERRED_LOSS


class UncertainSendResolver:
    """Looks into lost answers whenever their texts are asked for. Keeps nothing readable."""

    def __init__(
        self,
        inquiries: UncertainSends,
        lookups: CarrierSearch,
        schedule: LookupSchedule,
        clock: Clock,
    ) -> None:
        self._inquiries = inquiries
        self._lookups = lookups
        self._schedule = schedule
        self._clock = clock

    def answer(self, text: OutboundMessage, message: MessageRecord) -> SendResult:
        """What is answered about a text, and when to ask again about one that is looked into."""
        result = result_of(message, self._pause(message))
        return replace(result, segments=segments_of(text, message.media_count))

    async def resolve(self, text: OutboundMessage, message: MessageRecord) -> MessageRecord | None:
        """How the text stands now, looked for if it is time to; None if it is to be sent again.

        Raises BackendUnavailable.
        """
        inquiry = message.inquiry
        if inquiry is None or message.resolution is _LOSS or not self._is_due(inquiry):
            return message
        wanted = wanted_for(text, is_mms=message.media_count > 0, start=inquiry.first_start)
        found = await self._lookups.find(wanted)
        for carrier_message_id in found.carrier_message_ids:
            taken = await self._inquiries.take(message.message_id, carrier_message_id)
            if taken:
                _tell(message, UnknownResolution.RECORD)
                return taken
        return await self._not_on_record(text, message, inquiry, found)

    def _pause(self, message: MessageRecord) -> timedelta | None:
        inquiry = message.inquiry
        if inquiry is None or message.resolution is _LOSS:
            return None
        waited = self._clock.now() - inquiry.unknown_time
        return self._schedule.pause(waited, inquiry.looked)

    def _is_due(self, inquiry: UncertainSend) -> bool:
        waited = self._clock.now() - inquiry.unknown_time
        return self._schedule.is_due(waited, inquiry.looked)

    async def _not_on_record(
        self,
        text: OutboundMessage,
        message: MessageRecord,
        inquiry: UncertainSend,
        found: SearchResult,
    ) -> MessageRecord | None:
        waited = self._clock.now() - inquiry.unknown_time
        looked = self._schedule.done(waited, inquiry.looked)
        resolution = resolution_for(
            self._schedule,
            looked,
            is_complete=found.is_complete,
            resends=message.resends,
            policy=text.unknown_policy,
        )
        if resolution is None:
            noted = await self._inquiries.record_lookup(message.message_id, inquiry, looked)
            return noted or message
        _tell(message, resolution)
        if resolution is _LOSS:
            return await self._inquiries.give_up(message.message_id, inquiry) or message
        await self._inquiries.reopen(message.message_id, inquiry, resolution)
        return None


def _tell(message: MessageRecord, resolution: UnknownResolution) -> None:
    log.warning("unknown_send_resolved", message_id=message.message_id, resolution=resolution.value)
