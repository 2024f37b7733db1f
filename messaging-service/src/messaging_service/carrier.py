"""What is asked of a carrier, and its answers reduced to what can be done about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from messaging_service.domain import Text
from messaging_service.errors import (
    AttachmentsRefused,
    CarrierAccountRefused,
    CarrierRateLimited,
    CarrierRefused,
    CarrierUnavailable,
    RecipientOptedOut,
    SendInProgress,
    SendPaced,
)


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

    async def send(self, text: Text, attempt_id: str, media_urls: Sequence[str] = ()) -> Answer:
        """Asks once, within the send timeout; never raises but for cancellation.

        Receipts of this attempt come to an address that is made from its id. The carrier fetches
        the text's files from the addresses.
        """
        ...
