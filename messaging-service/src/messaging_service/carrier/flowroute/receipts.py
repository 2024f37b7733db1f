"""What Flowroute's delivery receipts and rejections mean.

The table is Flowroute's documented list of response codes. Codes above 1222 were never published
in full, so a rule covers them. The status words are taken from logged payloads: Flowroute never
documented them.
"""

from messaging_service.model.failure import Failure, FailureReason
from messaging_service.model.message import MessageState, Status

# Flowroute's code for "user opted out (STOP)".
OPTED_OUT = 1110

# A receipt proves that the carrier has the message: a pending one counts as sent.
SENT_CODES = {
    1000,  # default state
    1001,  # queued for delivery
    1002,  # message has been sent
    1003,  # accepted by carrier; often the last receipt
}

DELIVERED_CODE = 1004  # delivered to handset

# Every code from this one on is a failure, published or not.
FIRST_FAILURE = 1005

_UNREACHABLE, _REJECTED = FailureReason.UNREACHABLE, FailureReason.CARRIER_REJECTED
_NOT_AUTHORIZED = FailureReason.SENDER_NOT_AUTHORIZED
_LIMIT, _BLOCKED = FailureReason.LIMIT_EXCEEDED, FailureReason.CONTENT_BLOCKED

FAILURES: dict[int, FailureReason] = {
    1005: _REJECTED,  # rejected
    1006: _UNREACHABLE,  # expired, in the carrier's hands
    1007: _REJECTED,  # failed
    1008: _REJECTED,  # permanent send error
    1009: _REJECTED,  # partial send failure: the message arrived incomplete
    1010: _REJECTED,  # validation failed
    1100: _REJECTED,  # unknown error
    1101: _NOT_AUTHORIZED,  # source carrier invalid
    1102: _UNREACHABLE,  # destination carrier invalid
    1103: _NOT_AUTHORIZED,  # source not authorized
    1104: _NOT_AUTHORIZED,  # source carrier disabled
    1105: _UNREACHABLE,  # destination carrier disabled
    1106: _UNREACHABLE,  # no valid route
    1107: _NOT_AUTHORIZED,  # invalid source type of number
    1108: _UNREACHABLE,  # invalid destination type of number
    1109: _NOT_AUTHORIZED,  # route denied
    OPTED_OUT: FailureReason.OPTED_OUT,
    1111: _UNREACHABLE,  # temporary resolution failure
    1112: _UNREACHABLE,  # permanent resolution failure
    1115: _UNREACHABLE,  # no handler found
    1116: _UNREACHABLE,  # destination is a landline
    1150: _BLOCKED,  # spam
    1152: _BLOCKED,  # spam reject
    1160: _LIMIT,  # toll-free messaging limits exceeded
    1200: _REJECTED,  # unknown error
    1201: _REJECTED,  # message too long
    1202: _REJECTED,  # invalid priority flag
    1203: _REJECTED,  # invalid registered-delivery flag
    1204: _REJECTED,  # system error
    1205: _NOT_AUTHORIZED,  # invalid source address
    1206: _UNREACHABLE,  # invalid destination address
    1207: _REJECTED,  # message id invalid
    1208: _REJECTED,  # cancel failed
    1209: _REJECTED,  # replace failed
    1210: _LIMIT,  # message queue full
    1211: _REJECTED,  # invalid service type
    1212: _REJECTED,  # invalid number of destinations
    1213: _REJECTED,  # invalid distribution list
    1214: _REJECTED,  # invalid destination flag
    1215: _REJECTED,  # invalid submit-with-replace
    1216: _REJECTED,  # invalid esm class
    1217: _REJECTED,  # invalid submit to list
    1218: _REJECTED,  # submit failed
    1219: _NOT_AUTHORIZED,  # invalid source type of number
    1220: _NOT_AUTHORIZED,  # invalid source numbering plan
    1221: _UNREACHABLE,  # invalid destination type of number
    1222: _UNREACHABLE,  # invalid destination numbering plan
}

_SENT, _DELIVERED = Status(MessageState.SENT), Status(MessageState.DELIVERED)


def _undelivered(reason: FailureReason, code: str = "") -> Status:
    return Status(MessageState.UNDELIVERED, Failure(reason, code))


# Seen in receipts without a code, mostly of level 1.
WORDS: dict[str, Status] = {
    "smsc submit": _SENT,
    "mmsc submit": _SENT,
    "message buffered": _SENT,
    "delivered": _DELIVERED,
    # Kannel's words, which the logged ones come from, and words of carriers.
    "delivery success": _DELIVERED,
    "delivery failure": _undelivered(_REJECTED),
    "failed": _undelivered(_REJECTED),
    "rejected": _undelivered(_REJECTED),
    "smsc reject": _undelivered(_REJECTED),
    "mmsc reject": _undelivered(_REJECTED),
    "undelivered": _undelivered(_REJECTED),
    "undeliverable": _undelivered(_UNREACHABLE),
    "expired": _undelivered(_UNREACHABLE),
}

# More digits than any code has.
_CODE_DIGITS = 6


def read_receipt(carrier_status: str, carrier_code: str) -> Status | None:
    """What a receipt reports; None if its code and words are unknown.

    A code counts before the words, even one that says nothing.
    """
    if not carrier_code:
        return WORDS.get(carrier_status.strip().lower())
    if not (carrier_code.isascii() and carrier_code.isdigit()):
        return None
    # A code of which only the size is known cannot be looked up by anybody.
    code, shown = int(carrier_code[:12]), carrier_code if len(carrier_code) <= _CODE_DIGITS else ""
    if code >= FIRST_FAILURE:
        return _undelivered(FAILURES.get(code, _REJECTED), shown)
    if code == DELIVERED_CODE:
        return _DELIVERED
    return _SENT if code in SENT_CODES else None
