"""The simulated phones and the texts on them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from pydantic import TypeAdapter

from simulator.callbacks.sender import Attempt, Outcome
from simulator.records import Media
from simulator.storage.data_file import DataFile

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
    # HTTP status of the last attempt, None without a response; when the next attempt is due.
    last_status: int | None = None
    next_attempt: datetime | None = None


def after_attempt(text: PhoneText, attempt: Attempt) -> PhoneText:
    """The text after one more attempt of its callback. ACCEPTED is final."""
    if text.state is TextState.ACCEPTED:
        return replace(text, attempts=text.attempts + 1)
    return replace(
        text,
        attempts=text.attempts + 1,
        state=_STATES[attempt.outcome],
        last_status=attempt.status,
        next_attempt=attempt.next_time,
    )


_STATES = {
    Outcome.ACCEPTED: TextState.ACCEPTED,
    Outcome.TO_BE_RESENT: TextState.RESENDING,
    Outcome.GIVEN_UP: TextState.NOT_ACCEPTED,
}


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
        "last_status": text.last_status,
        "next_attempt": text.next_attempt.isoformat() if text.next_attempt else None,
        "time": text.time.isoformat(),
    }


_STORED = TypeAdapter(PhoneText)


class TooManyPhones(Exception):
    """There are already MAX_PHONES phones."""


class Phones:
    """All phones in the order of addition. Every change is published."""

    def __init__(self, publish: Publish, data_file: DataFile) -> None:
        """Begins with the phones and texts of the file."""
        self._publish = publish
        self._data_file = data_file
        self._threads: dict[str, dict[str, PhoneText]] = {
            phone: {text.id: text for text in map(_STORED.validate_json, data_file.texts(phone))}
            for phone in data_file.phones()
        }

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
        self._data_file.add_phone(phone)
        self._publish("phone_added", {"number": phone})

    def remove(self, phone: str) -> None:
        """Removes a phone and its texts."""
        if self._threads.pop(phone, None) is not None:
            self._data_file.remove_phone(phone)
            self._publish("phone_removed", {"number": phone})

    def texts(self, phone: str) -> list[PhoneText]:
        """The texts on an existing phone, oldest first."""
        return list(self._threads[phone].values())

    def put(self, phone: str, text: PhoneText) -> None:
        """Adds a text to an existing phone, or replaces the one with its id."""
        thread = self._threads[phone]
        thread[text.id] = text
        self._data_file.put_text(phone, text.id, _STORED.dump_json(text).decode())
        if len(thread) > TEXTS_PER_PHONE:
            oldest = next(iter(thread))
            del thread[oldest]
            self._data_file.remove_text(phone, oldest)
        self._publish("text", {"phone": phone, "text": text_view(text)})

    def text(self, phone: str, text_id: str) -> PhoneText | None:
        """One text of one phone; None if either was removed."""
        return self._threads.get(phone, {}).get(text_id)

    def holder(self, text_id: str) -> str | None:
        """The phone that holds this text."""
        holders = (phone for phone, thread in self._threads.items() if text_id in thread)
        return next(holders, None)
