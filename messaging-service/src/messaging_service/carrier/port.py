"""What is asked of a carrier, and its answers reduced to what can be done about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from messaging_service.model.errors import (
    AttachmentsRefused,
    CarrierAccountRefused,
    CarrierRateLimited,
    CarrierRefused,
    CarrierUnavailable,
    RecipientOptedOut,
    SendInProgress,
    SendPaced,
)
from messaging_service.model.message import Attachment, OutboundMessage


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier has the text."""

    carrier_message_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The carrier refused the text for good; sending it again does not help."""

    error: CarrierRefused | RecipientOptedOut | CarrierAccountRefused | AttachmentsRefused
    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The carrier may or may not have the text; never send it again blindly."""

    why: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The carrier surely does not have the text; it is safe to try again."""

    error: (
        CarrierRateLimited | CarrierUnavailable | CarrierAccountRefused | SendPaced | SendInProgress
    )
    why: str


# `why` is for logs: an HTTP status or the kind of an exception, never what the carrier wrote.
Answer = Accepted | Refused | Unknown | NotSent


class Carrier(Protocol):
    """Sends one text."""

    async def send(
        self, text: OutboundMessage, attempt_id: str, media_urls: Sequence[str] = ()
    ) -> Answer:
        """Asks once, within the send timeout; never raises but for cancellation.

        Receipts of this attempt come to an address that is made from its id. The carrier fetches
        the text's files from the addresses.
        """
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """A number that the account owns, in E.164. `is_messaging_enabled` is None when untold."""

    phone_number: str = field(repr=False)
    type: str = ""
    is_messaging_enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class NumbersPage:
    """Numbers in the carrier's order; `next_offset` is None on the last page.

    `skipped` counts the entries that are no number anyone could read.
    """

    numbers: tuple[AccountNumber, ...]
    next_offset: int | None = None
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class CallbackSetting:
    """Where one type of callback goes. An address may hold a secret, so its repr shows none."""

    callback_type: str
    expected_url: str
    url: str = field(default="", repr=False)
    api_version: str = ""


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """Whether the carrier takes our keys, and if so, where it sends callbacks."""

    is_authorized: bool
    callbacks: tuple[CallbackSetting, ...] = ()


class Account(Protocol):
    """Reads; each is safe to repeat. Both raise CarrierRateLimited and CarrierUnavailable."""

    async def list_numbers(self, page: Page) -> NumbersPage:
        """One page of numbers. Raises CarrierAccountRefused and CarrierRefused too."""
        ...

    async def check(self) -> AccountCheck:
        """How the account is set up. What the carrier refuses is part of the answer."""
        ...


class Direction(StrEnum):
    """Which way a text went, seen from the account; the carrier's words."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class Record:
    """One text, its numbers in E.164. `time` is None when the carrier did not say."""

    carrier_message_id: str
    from_number: str = field(repr=False)
    to_number: str = field(repr=False)
    body: str = field(repr=False)
    time: datetime | None
    is_mms: bool
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordsPage:
    """The records of one direction on a page; `next_offset` is None on the last one.

    `skipped` counts those that may be of this direction and that nobody could read.
    """

    records: tuple[Record, ...]
    next_offset: int | None = None
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """From when on, and up to when; None is up to now."""

    start: datetime
    end: datetime | None = None


class Records(Protocol):
    """Reads; safe to repeat."""

    async def list_records(self, direction: Direction, span: Span, page: Page) -> RecordsPage:
        """One page, of which the records that went in one direction.

        Raises CarrierAccountRefused, CarrierRefused, CarrierRateLimited, CarrierUnavailable and
        BackendUnavailable.
        """
        ...
