"""Batches of delivery receipts."""

import asyncio
from collections.abc import Sequence

import structlog

from messaging_service.domain import Message
from messaging_service.ledger import Ledger
from messaging_service.receipts import Receipt, state_of

log = structlog.get_logger()


class Recorder:
    """Finds the texts that receipts speak of and moves them forward."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def record_all(self, receipts: Sequence[Receipt]) -> list[Message | None]:
        """Each receipt's text as it stands, or None. Raises BackendUnavailable."""
        return list(await asyncio.gather(*map(self._record, receipts)))

    async def _record(self, receipt: Receipt) -> Message | None:
        message = await self._ledger.record(receipt)
        told = {"carrier_message_id": receipt.carrier_message_id, "code": receipt.status_code}
        if message is None:
            log.warning("receipt_of_no_text", **told)
        elif state_of(receipt) is None:
            log.warning("receipt_says_nothing_known", message_id=message.message_id, **told)
        return message
