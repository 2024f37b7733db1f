"""Why a message failed, whichever carrier it went through. No I/O."""

import re
from dataclasses import dataclass
from enum import StrEnum

# Long enough for every carrier's codes, and too short for a phone number, as codes are logged.
_CODE = re.compile(r"(?!.*[0-9]{7})[A-Za-z0-9._-]{1,32}")


class FailureReason(StrEnum):
    """What a failure means. The names are those of the contract, and the ledger stores them."""

    OPTED_OUT = "OPTED_OUT"
    UNREACHABLE = "UNREACHABLE"
    CONTENT_BLOCKED = "CONTENT_BLOCKED"
    SENDER_NOT_AUTHORIZED = "SENDER_NOT_AUTHORIZED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    CARRIER_REJECTED = "CARRIER_REJECTED"
    UNRESOLVED = "UNRESOLVED"
    ATTACHMENTS_REFUSED = "ATTACHMENTS_REFUSED"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure. The carrier's code is for people only; empty if it gave none."""

    reason: FailureReason
    carrier_code: str = ""


def plain_code(value: str) -> str:
    """The carrier's code, or empty if it may contain a phone number or anybody's words."""
    return value if _CODE.fullmatch(value) else ""
