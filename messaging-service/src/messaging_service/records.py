"""What is asked of a carrier about the texts that it has on record."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from messaging_service.account import Page
from messaging_service.domain import Attachment


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
