"""Why messages failed, by what the messaging service says of them."""

from conversation_service.domain.model.events import Failure, FailureReason
from conversation_service.domain.model.messages import MessageState
from maskline.messaging.v1 import messaging_pb2 as pb

_FAILED = (MessageState.FAILED, MessageState.UNDELIVERED)

_REASONS = {pb.FailureReason.Value(f"FAILURE_REASON_{reason}"): reason for reason in FailureReason}


def failure_of(state: MessageState, failure: pb.Failure) -> Failure | None:
    """The failure of a message; None unless its state is one of a failure.

    A reason that was added to the contract later is CARRIER_REJECTED.
    """
    if state not in _FAILED:
        return None
    reason = _REASONS.get(failure.reason, FailureReason.CARRIER_REJECTED)
    return Failure(reason, failure.carrier_code)
