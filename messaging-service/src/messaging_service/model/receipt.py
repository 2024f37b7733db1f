"""Delivery receipts, as every carrier's are given to this service. No I/O."""

from dataclasses import dataclass, field

from messaging_service.model.carrier_ids import FORM, is_carrier_id
from messaging_service.model.errors import InvalidArgument
from runtime.grpc.status import FieldViolation


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt as the gateway parsed it. What it says only the carrier's adapter knows.

    The carrier's id and the send token may be empty; without both it belongs to no message.
    """

    carrier_message_id: str
    send_token: str = field(repr=False)
    carrier_status: str = field(repr=False)
    carrier_code: str = field(repr=False)
    carrier_account_id: str = ""


def violations_of(receipt: Receipt) -> InvalidArgument | None:
    """The field of wrong form, or None. The error repeats no value."""
    if not receipt.carrier_message_id or is_carrier_id(receipt.carrier_message_id):
        return None
    return InvalidArgument([FieldViolation("carrier_message_id", f"give {FORM}")])
