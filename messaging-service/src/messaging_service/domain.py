"""What a text is, how far it can get, and what is answered about it. No I/O."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from messaging_service.errors import (
    CarrierAccountRefused,
    CarrierRefused,
    InvalidArgument,
    MessagingError,
    RecipientOptedOut,
)
from runtime.refusals import FieldViolation

# E.164 allows 15 digits; nothing with fewer than 7 can be dialled across countries.
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# The contract's limits.
ID_LIMIT = 64
BODY_LIMIT = 10_000


class MessageState(StrEnum):
    """How far a text got. The values are what the ledger stores."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    SENT = "sent"
    REFUSED = "refused"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    DELIVERED = "delivered"

    @property
    def rank(self) -> int:
        """A text only ever moves to a state of higher rank, in whatever order news arrives."""
        return _RANKS[self]


_RANKS = {
    MessageState.ACCEPTED: 1,
    MessageState.UNKNOWN: 2,
    MessageState.SENT: 3,
    MessageState.REFUSED: 4,
    MessageState.UNDELIVERED: 4,
    MessageState.EXPIRED: 4,
    # What reached the handset was delivered, whatever else was said of it.
    MessageState.DELIVERED: 5,
}


class SendOutcome(StrEnum):
    """What the carrier made of a text; the values are the contract's words."""

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
    NOT_SENT = "NOT_SENT"


_OUTCOMES = {
    MessageState.ACCEPTED: SendOutcome.NOT_SENT,
    MessageState.UNKNOWN: SendOutcome.UNKNOWN,
    MessageState.SENT: SendOutcome.ACCEPTED,
    MessageState.REFUSED: SendOutcome.REFUSED,
    # The carrier had it; what happened later is told by the state.
    MessageState.UNDELIVERED: SendOutcome.ACCEPTED,
    MessageState.EXPIRED: SendOutcome.REFUSED,
    MessageState.DELIVERED: SendOutcome.ACCEPTED,
}

_REFUSALS: dict[str, type[CarrierRefused | RecipientOptedOut | CarrierAccountRefused]] = {
    kind.reason: kind for kind in (CarrierRefused, RecipientOptedOut, CarrierAccountRefused)
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be sent. Its repr shows neither numbers nor body."""

    message_id: str
    pool: str
    from_number: str = field(repr=False)
    to_number: str = field(repr=False)
    body: str = field(repr=False)

    @property
    def route(self) -> tuple[str, str]:
        """Texts of one route leave in order."""
        return self.from_number, self.to_number


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a text got, and the reason of a carrier that refused it."""

    state: MessageState
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What the ledger knows of a text."""

    message_id: str
    pool: str
    standing: Standing
    accept_time: datetime
    update_time: datetime
    carrier_message_id: str = ""
    carrier_status_code: int | None = None


@dataclass(frozen=True, slots=True)
class SendResult:
    """The answer about one text. `error` says why it was refused or not sent."""

    message_id: str
    outcome: SendOutcome
    state: MessageState
    error: MessagingError | None = None


def result_of(message_id: str, standing: Standing) -> SendResult:
    """What is answered about a text that the carrier has been asked to take."""
    outcome = _OUTCOMES[standing.state]
    error = _REFUSALS.get(standing.refusal, CarrierRefused)()
    refused = outcome is SendOutcome.REFUSED
    return SendResult(message_id, outcome, standing.state, error if refused else None)


def refused(message_id: str, error: MessagingError) -> SendResult:
    """A text that the carrier was never asked about, and never will be."""
    return SendResult(message_id, SendOutcome.REFUSED, MessageState.REFUSED, error)


def not_sent(message_id: str, error: MessagingError) -> SendResult:
    """A text that may be tried again after the error's `retry_after`."""
    return SendResult(message_id, SendOutcome.NOT_SENT, MessageState.ACCEPTED, error)


def problem_of(text: Text) -> InvalidArgument | None:
    """What is wrong with the form of a text, if anything. It repeats no value."""
    violations = list(_violations(text))
    return InvalidArgument(violations) if violations else None


def id_violations(name: str, value: str) -> Iterator[FieldViolation]:
    """The contract's rule for identifiers."""
    if not 1 <= len(value) <= ID_LIMIT:
        yield FieldViolation(name, f"give between 1 and {ID_LIMIT} characters")


def _violations(text: Text) -> Iterator[FieldViolation]:
    yield from id_violations("message_id", text.message_id)
    yield from id_violations("pool", text.pool)
    for name, number in (("from_number", text.from_number), ("to_number", text.to_number)):
        if not E164.fullmatch(number):
            yield FieldViolation(name, 'give E.164: "+" and between 7 and 15 digits')
    if not 1 <= len(text.body) <= BODY_LIMIT:
        yield FieldViolation("body", f"give between 1 and {BODY_LIMIT} characters")
