"""Errors that a caller can act on. None repeats a number, a body or what the carrier wrote."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from runtime.grpc.status import FieldViolation


class MessagingError(Exception):
    """An error of a call or of one message. `metadata` has every value that the text contains."""

    reason: ClassVar[str]

    def __init__(
        self, message: str, *, retry_after: timedelta | None = None, **metadata: str
    ) -> None:
        """`retry_after` is set where waiting helps."""
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.metadata = metadata


class InvalidArgument(MessagingError):
    """Fields are missing or malformed."""

    reason = "INVALID_ARGUMENT"

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        super().__init__("; ".join(f"{item.field}: {item.description}" for item in violations))
        self.violations = violations


class MessageNotFound(MessagingError):
    """The ledger has no such message."""

    reason = "MESSAGE_NOT_FOUND"

    def __init__(self, message_id: str) -> None:
        super().__init__(f"there is no message {message_id}", message_id=message_id)


class MessageIdReused(MessagingError):
    """The id was used for another message."""

    reason = "MESSAGE_ID_REUSED"

    def __init__(self, message_id: str) -> None:
        super().__init__(
            f"{message_id} was used for another message; choose a new id", message_id=message_id
        )


class CarrierRequestRejected(MessagingError):
    """The carrier rejected a request permanently."""

    reason = "CARRIER_REQUEST_REJECTED"

    def __init__(self) -> None:
        super().__init__("the carrier rejected the request")


class CarrierCredentialsRejected(MessagingError):
    """The carrier rejected the account's credentials.

    `retry_after` is set if a message can be sent once they are corrected.
    """

    reason = "CARRIER_CREDENTIALS_REJECTED"

    def __init__(self, retry_after: timedelta | None = None) -> None:
        super().__init__(
            "the carrier rejected the account's credentials; correct them", retry_after=retry_after
        )


class CapabilityMissing(MessagingError):
    """The carrier does not offer this."""

    reason = "CAPABILITY_MISSING"

    def __init__(self, carrier_account_id: str) -> None:
        super().__init__(
            f"the carrier of account {carrier_account_id!r} does not offer this",
            carrier_account_id=carrier_account_id,
        )


class CarrierAccountNotFound(MessagingError):
    """No account with this id is configured."""

    reason = "CARRIER_ACCOUNT_NOT_FOUND"

    def __init__(self, carrier_account_id: str) -> None:
        super().__init__(
            f"there is no carrier account {carrier_account_id}",
            carrier_account_id=carrier_account_id,
        )


class CarrierRateLimited(MessagingError):
    """The carrier answered that it is called too often."""

    reason = "CARRIER_RATE_LIMITED"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(
            "the carrier limits the rate of requests; try again later", retry_after=retry_after
        )


class CarrierUnavailable(MessagingError):
    """The carrier cannot be reached or is in maintenance."""

    reason = "CARRIER_UNAVAILABLE"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("the carrier cannot be reached; try again", retry_after=retry_after)


class MediaUnavailable(CarrierUnavailable):
    """A file cannot be fetched now. Files fetched so far are kept for the next try."""


class SendPaced(MessagingError):
    """The account's rate or the campaign's budget is used up. The message itself is fine."""

    reason = "SEND_PACED"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("the rate or budget is used up; try again later", retry_after=retry_after)


class SendTokenInvalid(MessagingError):
    """The send token of a receipt was forged, altered or signed with an unknown key."""

    reason = "SEND_TOKEN_INVALID"

    def __init__(self) -> None:
        super().__init__("the send token is not valid")


class MediaNotFound(MessagingError):
    """There is no file for this token, or it has expired."""

    reason = "MEDIA_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("there is no such file, or it has expired")


class BackendUnavailable(MessagingError):
    """Redis is unavailable. Nothing is sent without it."""

    reason = "BACKEND_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("the ledger is unavailable; try again", retry_after=timedelta(seconds=1))


class SendInProgress(MessagingError):
    """This message or the one before it is being sent, or is still being resolved."""

    reason = "SEND_IN_PROGRESS"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(
            "this message or the one before it is being sent; try again", retry_after=retry_after
        )
