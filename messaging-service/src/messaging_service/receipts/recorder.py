"""Batches of delivery receipts."""

import asyncio
from collections.abc import Sequence

import structlog

from messaging_service.ledger.ledger import Ledger, Parked
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.errors import InvalidArgument, SendTokenNotValid
from messaging_service.model.message import MessageRecord
from messaging_service.model.receipt import Receipt, problem_of, state_of
from messaging_service.model.send_tokens import SendTokens

log = structlog.get_logger()

Recorded = MessageRecord | InvalidArgument | SendTokenNotValid | None


class ReceiptRecorder:
    """Finds the texts that receipts speak of and moves them forward."""

    def __init__(self, ledger: Ledger, tokens: SendTokens, metrics: Metrics) -> None:
        self._ledger = ledger
        self._tokens = tokens
        self._metrics = metrics

    async def record_all(self, receipts: Sequence[Receipt]) -> list[Recorded]:
        """Each receipt's text as it stands, or None; a malformed or forged one is refused.

        Raises BackendUnavailable.
        """
        return list(await asyncio.gather(*map(self._record, receipts)))

    async def _record(self, receipt: Receipt) -> Recorded:
        problem = problem_of(receipt)
        if problem:
            self._metrics.receipt("malformed")
            log.warning("receipt_malformed")
            return problem
        attempt_id = self._tokens.name_in(receipt.send_token) if receipt.send_token else ""
        if attempt_id is None:
            self._metrics.receipt("forged")
            log.warning("receipt_forged")
            return SendTokenNotValid()
        found = await self._ledger.record(receipt, attempt_id)
        self._tell(receipt, found)
        return found if isinstance(found, MessageRecord) else None

    def _tell(self, receipt: Receipt, found: MessageRecord | Parked | None) -> None:
        carrier_id, code = receipt.carrier_message_id, receipt.status_code
        match found:
            case MessageRecord(message_id, standing=standing):
                self._metrics.receipt(standing.state)
                if state_of(receipt) is None:
                    log.warning(
                        "receipt_says_nothing_known",
                        message_id=message_id,
                        carrier_message_id=carrier_id,
                        status_code=code,
                    )
            case Parked():
                self._metrics.receipt("parked")
                log.info("receipt_parked", carrier_message_id=carrier_id, status_code=code)
            case None:
                self._metrics.receipt("unmatched")
                log.warning("receipt_of_no_text", carrier_message_id=carrier_id, status_code=code)
