"""Ids of carrier accounts. A deployment has one account so far. No I/O."""

from messaging_service.model.errors import CarrierAccountNotFound, InvalidArgument
from runtime.grpc.status import FieldViolation

# The id of the only account.
ONLY_ACCOUNT = ""

ID_LIMIT = 64


def check_account(carrier_account_id: str) -> None:
    """Raises InvalidArgument for a malformed id, CarrierAccountNotFound for an unknown account."""
    if error := account_error(carrier_account_id):
        raise error


def account_error(carrier_account_id: str) -> InvalidArgument | CarrierAccountNotFound | None:
    """Why the account cannot be used; None if it can."""
    if len(carrier_account_id) > ID_LIMIT:
        description = f"give at most {ID_LIMIT} characters"
        return InvalidArgument([FieldViolation("carrier_account_id", description)])
    if carrier_account_id != ONLY_ACCOUNT:
        return CarrierAccountNotFound(carrier_account_id)
    return None
