"""Records batches of delivery receipts."""

import asyncio
from collections.abc import Sequence

import structlog

from messaging_service.carrier.port import Carrier
from messaging_service.ledger.ledger import Ledger, Parked
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.carrier_accounts import account_error
from messaging_service.model.carrier_ids import normalised_carrier_id
from messaging_service.model.errors import CarrierAccountNotFound, InvalidArgument, SendTokenInvalid
from messaging_service.model.failure import plain_code
from messaging_service.model.message import MessageRecord, Status
from messaging_service.model.receipt import Receipt, violations_of
from messaging_service.model.send_tokens import SendTokens

log = structlog.get_logger()

Recorded = MessageRecord | InvalidArgument | CarrierAccountNotFound | SendTokenInvalid | None


class ReceiptRecorder:
    """Finds the message of each receipt and moves it forward."""

    def __init__(
        self, ledger: Ledger, carrier: Carrier, tokens: SendTokens, metrics: Metrics
    ) -> None:
        self._ledger = ledger
        self._carrier = carrier
        self._tokens = tokens
        self._metrics = metrics

    async def record_all(self, receipts: Sequence[Receipt]) -> list[Recorded]:
        """The message of each receipt, None if unknown, or an error for a malformed or forged one.

        Raises BackendUnavailable.
        """
        return list(await asyncio.gather(*map(self._record, receipts)))

    async def _record(self, receipt: Receipt) -> Recorded:
        violations = violations_of(receipt) or account_error(receipt.carrier_account_id)
        if violations:
            self._metrics.receipt("malformed")
            log.warning("receipt_malformed")
            return violations
        token = receipt.send_token
        attempt_id = self._tokens.attempt_id_of(token) if token else ""
        if attempt_id is None:
            self._metrics.receipt("forged")
            log.warning("receipt_forged")
            return SendTokenInvalid()
        status = self._carrier.read_receipt(receipt.carrier_status, receipt.carrier_code)
        carrier_id = normalised_carrier_id(receipt.carrier_message_id)
        recorded = await self._ledger.record_receipt(carrier_id, attempt_id, status)
        self._log(carrier_id, plain_code(receipt.carrier_code) or None, status, recorded)
        return recorded if isinstance(recorded, MessageRecord) else None

    def _log(
        self,
        carrier_id: str,
        code: str | None,
        reported: Status | None,
        recorded: MessageRecord | Parked | None,
    ) -> None:
        match recorded:
            case MessageRecord(message_id, status=status):
                self._metrics.receipt(status.state)
                if reported is None:
                    log.warning(
                        "receipt_says_nothing_known",
                        message_id=message_id,
                        carrier_message_id=carrier_id,
                        carrier_code=code,
                    )
            case Parked():
                self._metrics.receipt("parked")
                log.info("receipt_parked", carrier_message_id=carrier_id, carrier_code=code)
            case None:
                self._metrics.receipt("unmatched")
                log.warning("receipt_of_no_text", carrier_message_id=carrier_id, carrier_code=code)
