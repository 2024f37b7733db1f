"""Delivery receipts of the carrier, and the message state that each one reports.

The table is Flowroute's documented list of response codes. Codes above 1222 were never published
in full, so a rule covers them. The status words are taken from logged payloads: Flowroute never
documented them.
"""

from dataclasses import dataclass, field

from messaging_service.model.carrier_ids import SHAPE, is_carrier_id
from messaging_service.model.errors import InvalidArgument
from messaging_service.model.message import MessageState
from runtime.grpc.status import FieldViolation

SENT, DELIVERED, UNDELIVERED = (MessageState.SENT, MessageState.DELIVERED, MessageState.UNDELIVERED)

# A receipt proves that the carrier has the message: a pending one counts as sent.
STATES: dict[int, MessageState] = {
    1000: SENT,  # default state
    1001: SENT,  # queued for delivery
    1002: SENT,  # message has been sent
    1003: SENT,  # accepted by carrier; often the last receipt
    1004: DELIVERED,  # delivered to handset
    1005: UNDELIVERED,  # rejected
    1006: UNDELIVERED,  # expired, in the carrier's hands
    1007: UNDELIVERED,  # failed
    1008: UNDELIVERED,  # permanent send error
    1009: UNDELIVERED,  # partial send failure: the message arrived incomplete
    1010: UNDELIVERED,  # validation failed
    1100: UNDELIVERED,  # unknown error
    1101: UNDELIVERED,  # source carrier invalid
    1102: UNDELIVERED,  # destination carrier invalid
    1103: UNDELIVERED,  # source not authorized
    1104: UNDELIVERED,  # source carrier disabled
    1105: UNDELIVERED,  # destination carrier disabled
    1106: UNDELIVERED,  # no valid route
    1107: UNDELIVERED,  # invalid source type of number
    1108: UNDELIVERED,  # invalid destination type of number
    1109: UNDELIVERED,  # route denied
    1110: UNDELIVERED,  # user opted out
    1111: UNDELIVERED,  # temporary resolution failure
    1112: UNDELIVERED,  # permanent resolution failure
    1115: UNDELIVERED,  # no handler found
    1116: UNDELIVERED,  # destination is a landline
    1150: UNDELIVERED,  # spam
    1152: UNDELIVERED,  # spam reject
    1160: UNDELIVERED,  # toll-free messaging limits exceeded
    1200: UNDELIVERED,  # unknown error
    1201: UNDELIVERED,  # message too long
    1202: UNDELIVERED,  # invalid priority flag
    1203: UNDELIVERED,  # invalid registered-delivery flag
    1204: UNDELIVERED,  # system error
    1205: UNDELIVERED,  # invalid source address
    1206: UNDELIVERED,  # invalid destination address
    1207: UNDELIVERED,  # message id invalid
    1208: UNDELIVERED,  # cancel failed
    1209: UNDELIVERED,  # replace failed
    1210: UNDELIVERED,  # message queue full
    1211: UNDELIVERED,  # invalid service type
    1212: UNDELIVERED,  # invalid number of destinations
    1213: UNDELIVERED,  # invalid distribution list
    1214: UNDELIVERED,  # invalid destination flag
    1215: UNDELIVERED,  # invalid submit-with-replace
    1216: UNDELIVERED,  # invalid esm class
    1217: UNDELIVERED,  # invalid submit to list
    1218: UNDELIVERED,  # submit failed
    1219: UNDELIVERED,  # invalid source type of number
    1220: UNDELIVERED,  # invalid source numbering plan
    1221: UNDELIVERED,  # invalid destination type of number
    1222: UNDELIVERED,  # invalid destination numbering plan
}

FIRST_FAILURE = 1005

# Seen in receipts without a code, mostly of level 1.
WORDS: dict[str, MessageState] = {
    "smsc submit": SENT,
    "mmsc submit": SENT,
    "message buffered": SENT,
    "delivered": DELIVERED,
    # Kannel's words, which the logged ones come from, and words of carriers.
    "delivery success": DELIVERED,
    "delivery failure": UNDELIVERED,
    "failed": UNDELIVERED,
    "rejected": UNDELIVERED,
    "smsc reject": UNDELIVERED,
    "mmsc reject": UNDELIVERED,
    "undelivered": UNDELIVERED,
    "undeliverable": UNDELIVERED,
    "expired": UNDELIVERED,
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt as the gateway parsed it.

    The carrier's id and the send token may be empty; without both it belongs to no message.
    """

    carrier_message_id: str
    send_token: str = field(repr=False)
    status_code: int | None
    status: str


def violations_of(receipt: Receipt) -> InvalidArgument | None:
    """The field of wrong form, or None. The error repeats no value."""
    if not receipt.carrier_message_id or is_carrier_id(receipt.carrier_message_id):
        return None
    return InvalidArgument([FieldViolation("carrier_message_id", f"give {SHAPE}")])


def state_of(receipt: Receipt) -> MessageState | None:
    """The state that a receipt reports; None if its code and words are unknown."""
    if receipt.status_code is None:
        return WORDS.get(receipt.status.strip().lower())
    if receipt.status_code >= FIRST_FAILURE:
        return STATES.get(receipt.status_code, UNDELIVERED)
    return STATES.get(receipt.status_code)
