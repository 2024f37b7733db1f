"""Refusals that a caller can act on. Nothing in them repeats a number, a text or the carrier."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from runtime.grpc.status import FieldViolation


class MessagingError(Exception):
    """A refusal of a call or of one text. `metadata` repeats every value in the message."""

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
    """Fields are missing or have a wrong form."""

    reason = "INVALID_ARGUMENT"

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        super().__init__("; ".join(f"{found.field}: {found.description}" for found in violations))
        self.violations = violations


class MessageNotFound(MessagingError):
    """No such text is kept."""

    reason = "MESSAGE_NOT_FOUND"

    def __init__(self, message_id: str) -> None:
        super().__init__(f"no text {message_id} is kept", message_id=message_id)


class MessageIdReused(MessagingError):
    """The id was used for another text."""

    reason = "MESSAGE_ID_REUSED"

    def __init__(self, message_id: str) -> None:
        super().__init__(
            f"{message_id} was used for another text; choose a new id", message_id=message_id
        )


class CarrierRefused(MessagingError):
    """The carrier refused the text, or what else it was asked, for good."""

    reason = "CARRIER_REFUSED"

    def __init__(self) -> None:
        super().__init__("the carrier refused the request")


class RecipientOptedOut(MessagingError):
    """The recipient told the carrier to stop texts from this number."""

    reason = "RECIPIENT_OPTED_OUT"

    def __init__(self) -> None:
        super().__init__("the recipient opted out of texts from this number")


class CarrierAccountRefused(MessagingError):
    """The carrier refused the credentials, or the account's use of the number.

    `retry_after` is set for a text that can be sent as soon as the credentials are mended.
    """

    reason = "CARRIER_ACCOUNT_REFUSED"

    def __init__(self, retry_after: timedelta | None = None) -> None:
        super().__init__(
            "the carrier refused the account; check its keys and its numbers",
            retry_after=retry_after,
        )


class CarrierRateLimited(MessagingError):
    """The carrier asks to be called more slowly."""

    reason = "CARRIER_RATE_LIMITED"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("the carrier asks to be called more slowly", retry_after=retry_after)


class CarrierUnavailable(MessagingError):
    """The carrier cannot be reached or is in maintenance."""

    reason = "CARRIER_UNAVAILABLE"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("the carrier cannot be reached; try again", retry_after=retry_after)


class SendPaced(MessagingError):
    """The account's pace or the campaign's budget is used up; it says nothing about the text."""

    reason = "SEND_PACED"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("as much is sent as may be; try again later", retry_after=retry_after)


class SendTokenNotValid(MessagingError):
    """The token of a receipt's address was forged, altered, or made with another key."""

    reason = "SEND_TOKEN_NOT_VALID"

    def __init__(self) -> None:
        super().__init__("no attempt has this token")


class MediaNotFound(MessagingError):
    """No file is kept under this token, or not any more."""

    reason = "MEDIA_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("no such file is kept")


class AttachmentsRefused(MessagingError):
    """All that a text had were files that are not passed on."""

    reason = "ATTACHMENTS_REFUSED"

    def __init__(self) -> None:
        super().__init__("none of the text's files is passed on, and it has no words")


class BackendUnavailable(MessagingError):
    """Redis does not answer. Nothing is sent without it."""

    reason = "BACKEND_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("the ledger does not answer; try again", retry_after=timedelta(seconds=1))


class SendInProgress(MessagingError):
    """Another call is sending this text or the one before it, or that one is looked into."""

    reason = "SEND_IN_PROGRESS"

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(
            "this text or the one before it is under way; ask again", retry_after=retry_after
        )
