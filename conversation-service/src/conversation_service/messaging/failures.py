"""Why messages failed, by what the messaging service says of them."""

from conversation_service.domain.model.events import Failure, FailureReason
from conversation_service.domain.model.messages import MessageState

# Flowroute's receipt code for "user opted out (STOP)".
OPTED_OUT_CODE = 1110

_FAILED = (MessageState.REFUSED, MessageState.UNDELIVERED)

# Published reasons of the messaging service.
_REASONS = {
    "RECIPIENT_OPTED_OUT": FailureReason.OPTED_OUT,
    "ATTACHMENTS_REFUSED": FailureReason.ATTACHMENTS_REFUSED,
}


def failure_of(state: MessageState, code: int | None, reason: str = "") -> Failure | None:
    """The failure of a message; None unless its state is one of a failure.

    `code` is the carrier's status code, `reason` that of the messaging service's error.
    """
    if state not in _FAILED:
        return None
    default = FailureReason.OPTED_OUT if code == OPTED_OUT_CODE else FailureReason.CARRIER_REJECTED
    return Failure(_REASONS.get(reason, default), "" if code is None else str(code))
