"""The simulated phones and the texts on them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from simulator.callbacks.sender import Attempt
from simulator.records import Media

# More than fit on a page, and enough for a test run that gives each test its own two.
MAX_PHONES = 200
# A long conversation; older texts are dropped.
TEXTS_PER_PHONE = 500

Publish = Callable[[str, Mapping[str, object]], None]


class Side(StrEnum):
    """Whether the phone sent or received a text."""

    SENT = "sent"
    RECEIVED = "received"


class TextState(StrEnum):
    """How far a text got: RECEIVED on the phone, or its callback on the way to the gateway."""

    SENDING = "sending"
    RESENDING = "resending"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class PhoneText:
    """One text on a phone. `peer` is the masked number at the other end."""

    id: str
    side: Side
    peer: str
    body: str
    media: tuple[Media, ...]
    state: TextState
    time: datetime
    # How often the callback was sent; its content, so that it can be sent again.
    attempts: int = 0
    callback: bytes | None = field(default=None, repr=False)


def after_attempt(text: PhoneText, attempt: Attempt) -> PhoneText:
    """The text after one more attempt of its callback. ACCEPTED is final."""
    attempts = text.attempts + 1
    if attempt is Attempt.ACCEPTED or text.state is TextState.ACCEPTED:
        return replace(text, attempts=attempts, state=TextState.ACCEPTED)
    if attempt is Attempt.GIVEN_UP:
        return replace(text, attempts=attempts, state=TextState.NOT_ACCEPTED)
    return replace(text, attempts=attempts, state=TextState.RESENDING)


def text_view(text: PhoneText) -> dict[str, object]:
    """A text as JSON for the page and tests."""
    return {
        "id": text.id,
        "direction": text.side,
        "peer": text.peer,
        "body": text.body,
        "media": [asdict(item) for item in text.media],
        "state": text.state,
        "attempts": text.attempts,
        "time": text.time.isoformat(),
    }


class TooManyPhones(Exception):
    """There are already MAX_PHONES phones."""


class Phones:
    """All phones in the order of addition. Every change is published."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._threads: dict[str, dict[str, PhoneText]] = {}

    def __contains__(self, phone: object) -> bool:
        return phone in self._threads

    def numbers(self) -> list[str]:
        """The numbers of all phones."""
        return list(self._threads)

    def add(self, phone: str) -> None:
        """Adds a phone; an existing one stays unchanged. Raises TooManyPhones."""
        if phone in self._threads:
            return
        if len(self._threads) >= MAX_PHONES:
            raise TooManyPhones
        self._threads[phone] = {}
        self._publish("phone_added", {"number": phone})

    def remove(self, phone: str) -> None:
        """Removes a phone and its texts."""
        if self._threads.pop(phone, None) is not None:
            self._publish("phone_removed", {"number": phone})

    def texts(self, phone: str) -> list[PhoneText]:
        """The texts on an existing phone, oldest first."""
        return list(self._threads[phone].values())

    def put(self, phone: str, text: PhoneText) -> None:
        """Adds a text to an existing phone, or replaces the one with its id."""
        thread = self._threads[phone]
        thread[text.id] = text
        if len(thread) > TEXTS_PER_PHONE:
            del thread[next(iter(thread))]
        self._publish("text", {"phone": phone, "text": text_view(text)})

    def text(self, phone: str, text_id: str) -> PhoneText | None:
        """One text of one phone; None if either was removed."""
        return self._threads.get(phone, {}).get(text_id)

    def holder(self, text_id: str) -> str | None:
        """The phone that holds this text."""
        holders = (phone for phone, thread in self._threads.items() if text_id in thread)
        return next(holders, None)
