"""What the conversation service made of one item, and the one table from its refusals to ours."""

from collections.abc import Mapping

import structlog

from gateway.problems import (
    AttemptUnknown,
    IdReused,
    NotNow,
    Refused,
    UnknownMaskedNumber,
    Unreadable,
)
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.error_reason_pb2 import ErrorReason

log = structlog.get_logger()

# Whatever is not listed here may pass, and is answered NotNow.
REFUSALS: Mapping[ErrorReason.ValueType, tuple[type[Refused], str]] = {
    ErrorReason.ERROR_REASON_INVALID_ARGUMENT: (
        Unreadable,
        "The conversation service cannot use what this callback says.",
    ),
    ErrorReason.ERROR_REASON_UNKNOWN_MASKED_NUMBER: (
        UnknownMaskedNumber,
        "No pool owns this number. Add it to a pool, or take the callback off the number.",
    ),
    ErrorReason.ERROR_REASON_SEND_TOKEN_NOT_VALID: (
        AttemptUnknown,
        "No text has this address for its receipts.",
    ),
    ErrorReason.ERROR_REASON_REQUEST_ID_REUSED: (
        IdReused,
        "This id was taken before with other contents. Send every message with its own id.",
    ),
}
NOT_TAKEN = (NotNow, "The conversation service could not take this callback. Send it again.")


def check_message(result: pb.ReceiveMessageResult) -> None:
    """Returns when the text is committed, now or before. Raises Refused otherwise.

    An outcome that this release does not know counts as taken, as the contract asks.
    """
    if result.outcome in (pb.RECEIVE_OUTCOME_REFUSED, pb.RECEIVE_OUTCOME_UNSPECIFIED):
        raise _refusal(result.error)


def check_receipt(receipt: pb.DeliveryReceipt, result: pb.ReceiveDeliveryReceiptResult) -> None:
    """Returns when the receipt needs no sending again. Raises Refused otherwise.

    Nobody knows the message of an unmatched one, and asking again would not change that.
    """
    if result.outcome in (pb.RECEIPT_OUTCOME_REFUSED, pb.RECEIPT_OUTCOME_UNSPECIFIED):
        raise _refusal(result.error)
    if result.outcome == pb.RECEIPT_OUTCOME_UNMATCHED:
        log.warning("receipt_unmatched", carrier_message_id=receipt.carrier_message_id)


def _refusal(error: pb.ItemError) -> Refused:
    refusal, detail = REFUSALS.get(error.reason, NOT_TAKEN)
    return refusal(detail)
