"""Sends that the carrier does not confirm, and asking for them later."""

from collections.abc import Sequence

from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.messaging_service import Messaging
from support.scripted_carrier import (
    Answer,
    CarrierRequest,
    ScriptedCarrier,
    response,
)

ACCEPTED, UNKNOWN = pb.SEND_OUTCOME_ACCEPTED, pb.SEND_OUTCOME_UNKNOWN
NOT_SENT = pb.SEND_OUTCOME_NOT_SENT
LOOKUPS = (5, 15, 60, 300)
MADE_UP_LOOK = 540
DUPLICATE, LOSS = pb.UNKNOWN_POLICY_PREFER_DUPLICATE, pb.UNKNOWN_POLICY_PREFER_LOSS

# Ways of losing an answer; whether the carrier has the text is another matter.
LOST: dict[str, Answer] = {
    "an error after it was read": response(500),
    "broken off before the answer": None,
    "broken off within the answer": b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{",
}


async def lose_answer(
    messaging: Messaging, carrier: ScriptedCarrier, message: pb.OutboundMessage, answer: Answer
) -> CarrierRequest:
    """The attempt whose answer was lost."""
    carrier.always(answer)
    carrier.hangs_up = True
    assert (await messaging.send_one(message)).outcome == UNKNOWN
    carrier.hangs_up = False
    carrier.script = carrier.takes
    return carrier.requests[-1]


async def ask_at(
    messaging: Messaging,
    clock: ManualClock,
    message: pb.OutboundMessage,
    seconds: Sequence[float],
) -> list[pb.SendMessageResult]:
    """Asks at these times after the answer was lost, which was just now."""
    results, now = [], 0.0
    for at in seconds:
        clock.move(seconds=at - now)
        now = at
        results.append(await messaging.send_one(message))
    return results


def receipt_of(carrier_message_id: str, code: int, token: str = "") -> pb.DeliveryReceipt:
    return pb.DeliveryReceipt(
        carrier_message_id=carrier_message_id, send_token=token, status_code=code
    )
