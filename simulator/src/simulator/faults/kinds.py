"""The kinds of faults, their stages and their parameters."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

# Longer than any timeout of a client.
MAX_WAIT_SECONDS = 120.0
# A day: later than any look-up or reconciliation of lost callbacks.
MAX_DELAY_SECONDS = 86_400.0


class Stage(Enum):
    """A stage in the processing of a message. At most one fault occurs at each."""

    SEND = auto()
    RECEIPTS = auto()
    RECORD = auto()
    LISTING = auto()
    INBOUND = auto()


class Kind(StrEnum):
    """The kinds of faults, described in docs/simulator.md."""

    ACCEPT_THEN_HANG = "accept_then_hang"
    ACCEPT_THEN_RESET = "accept_then_reset"
    RESET = "reset"
    HANG = "hang"
    ACCEPT_THEN_STATUS = "accept_then_status"
    STATUS = "status"
    SLOW = "slow"
    RECEIPTS_EARLY = "receipts_early"
    RECEIPTS_LATE = "receipts_late"
    RECEIPTS_NEVER = "receipts_never"
    RECEIPTS_TWICE = "receipts_twice"
    RECEIPTS_UNWRAPPED = "receipts_unwrapped"
    RECEIPTS_REORDERED = "receipts_reordered"
    RECEIPTS_FAILING = "receipts_failing"
    RECEIPTS_WITHOUT_TOKEN = "receipts_without_token"  # noqa: S105 - a kind, no secret
    RECORDS_LATE = "records_late"
    RECORDS_UNAVAILABLE = "records_unavailable"
    CALLBACK_TWICE = "callback_twice"
    CALLBACK_AGAIN = "callback_again"
    CALLBACK_LATE = "callback_late"
    CALLBACK_LOST = "callback_lost"
    MEDIA_EXPIRED = "media_expired"


@dataclass(frozen=True, slots=True)
class Traits:
    """The stage of a kind, and its parameters."""

    stage: Stage
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    max_seconds: float = MAX_DELAY_SECONDS


_SECONDS = ("seconds",)

TRAITS = {
    Kind.ACCEPT_THEN_HANG: Traits(Stage.SEND, _SECONDS, max_seconds=MAX_WAIT_SECONDS),
    Kind.ACCEPT_THEN_RESET: Traits(Stage.SEND),
    Kind.RESET: Traits(Stage.SEND),
    Kind.HANG: Traits(Stage.SEND, _SECONDS, max_seconds=MAX_WAIT_SECONDS),
    Kind.ACCEPT_THEN_STATUS: Traits(Stage.SEND, ("status",), ("retry_after",)),
    Kind.STATUS: Traits(Stage.SEND, ("status",), ("retry_after",)),
    Kind.SLOW: Traits(Stage.SEND, _SECONDS, max_seconds=MAX_WAIT_SECONDS),
    Kind.RECEIPTS_EARLY: Traits(Stage.RECEIPTS),
    Kind.RECEIPTS_LATE: Traits(Stage.RECEIPTS, _SECONDS),
    Kind.RECEIPTS_NEVER: Traits(Stage.RECEIPTS),
    Kind.RECEIPTS_TWICE: Traits(Stage.RECEIPTS),
    Kind.RECEIPTS_UNWRAPPED: Traits(Stage.RECEIPTS),
    Kind.RECEIPTS_REORDERED: Traits(Stage.RECEIPTS),
    Kind.RECEIPTS_FAILING: Traits(Stage.RECEIPTS, ("status_code",)),
    Kind.RECEIPTS_WITHOUT_TOKEN: Traits(Stage.RECEIPTS),
    Kind.RECORDS_LATE: Traits(Stage.RECORD, _SECONDS),
    Kind.RECORDS_UNAVAILABLE: Traits(Stage.LISTING, ("status",)),
    Kind.CALLBACK_TWICE: Traits(Stage.INBOUND),
    Kind.CALLBACK_AGAIN: Traits(Stage.INBOUND, ("times", "seconds")),
    Kind.CALLBACK_LATE: Traits(Stage.INBOUND, _SECONDS),
    Kind.CALLBACK_LOST: Traits(Stage.INBOUND),
    Kind.MEDIA_EXPIRED: Traits(Stage.INBOUND),
}
