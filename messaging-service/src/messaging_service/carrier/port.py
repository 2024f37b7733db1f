"""What the service asks of a carrier, with answers reduced to what can be done about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from messaging_service.model.errors import (
    CarrierCredentialsRejected,
    CarrierRateLimited,
    CarrierUnavailable,
    SendInProgress,
    SendPaced,
)
from messaging_service.model.failure import Failure
from messaging_service.model.message import Attachment, OutboundMessage, Status


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier has the message."""

    carrier_message_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The carrier refused the message permanently."""

    failure: Failure
    why: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The carrier may or may not have the message; it must not simply be sent again."""

    why: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The carrier does not have the message; it is safe to try again."""

    error: (
        CarrierRateLimited
        | CarrierUnavailable
        | CarrierCredentialsRejected
        | SendPaced
        | SendInProgress
    )
    why: str


# `why` is for logs: an HTTP status or the type of an exception, never text of the carrier's.
Answer = Accepted | Refused | Uncertain | NotSent


class Carrier(Protocol):
    """Sends messages, and reads the receipts of those it sent."""

    async def send(
        self, message: OutboundMessage, attempt_id: str, media_urls: Sequence[str] = ()
    ) -> Answer:
        """Sends one request within the send timeout; raises only on cancellation.

        The attempt's receipts come to a URL made from its id. The carrier fetches the files of an
        MMS from `media_urls`.
        """
        ...

    def read_receipt(self, carrier_status: str, carrier_code: str) -> Status | None:
        """What a receipt reports; None if neither its words nor its code are known."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """The requested part of a list."""

    limit: int
    offset: int


class NumberType(StrEnum):
    """What kind of number it is. The names are those of the contract."""

    UNSPECIFIED = "UNSPECIFIED"
    LONG_CODE = "LONG_CODE"
    TOLL_FREE = "TOLL_FREE"
    SHORT_CODE = "SHORT_CODE"


@dataclass(frozen=True, slots=True)
class CarrierNumber:
    """A number of the account in E.164. `messaging_enabled` is None if not stated."""

    phone_number: str = field(repr=False)
    number_type: NumberType = NumberType.UNSPECIFIED
    messaging_enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class NumbersPage:
    """Numbers in the carrier's order; `next_offset` is None on the last page.

    `skipped` counts the entries without a valid number.
    """

    numbers: tuple[CarrierNumber, ...]
    next_offset: int | None = None
    skipped: int = 0


class CheckOutcome(StrEnum):
    """The result of a check. The names are those of the contract."""

    PASSED = "PASSED"
    WARNED = "WARNED"
    FAILED = "FAILED"


# Checks have the same ids for all carriers, as the contract lists them.
CREDENTIALS_CHECK = "carrier_credentials"

CALLBACKS_CHECK = "carrier_callbacks"


@dataclass(frozen=True, slots=True)
class CarrierCheck:
    """One check of the account. The finding is for people and contains no secret."""

    check_id: str
    outcome: CheckOutcome
    finding: str


class CarrierAccount(Protocol):
    """Reads only. Both methods raise CarrierRateLimited and CarrierUnavailable."""

    async def list_numbers(self, page: Page) -> NumbersPage:
        """One page of numbers. Raises CarrierCredentialsRejected and CarrierRequestRejected too."""
        ...

    async def check(self) -> Sequence[CarrierCheck]:
        """The checks, in a fixed order. Rejected credentials are a result here, not an error."""
        ...


class Direction(StrEnum):
    """The direction of a message, seen from the account. The values are the carrier's."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class CarrierRecord:
    """A message in the carrier's records, numbers in E.164. `time` is None if not stated."""

    carrier_message_id: str
    from_number: str = field(repr=False)
    to_number: str = field(repr=False)
    body: str = field(repr=False)
    time: datetime | None
    is_mms: bool
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordsPage:
    """The records of one direction on a page; `next_offset` is None on the last page.

    `skipped` counts the unreadable records that may be of this direction.
    """

    records: tuple[CarrierRecord, ...]
    next_offset: int | None = None
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time; without an end it is up to now."""

    start: datetime
    end: datetime | None = None


class CarrierRecords(Protocol):
    """Reads the carrier's records of sent and received messages."""

    async def list_records(self, direction: Direction, span: Span, page: Page) -> RecordsPage:
        """One page of records, filtered by direction.

        Raises CarrierCredentialsRejected, CarrierRequestRejected, CarrierRateLimited,
        CarrierUnavailable and BackendUnavailable.
        """
        ...
