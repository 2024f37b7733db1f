"""Text parts of an MMS: their words belong to the body."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from conversation_service.domain.model.messages import MAX_LENGTH, InboundMessage


class TextPartKind(StrEnum):
    """What a text part turned out to be. The names are those of the messaging service."""

    TEXT = "TEXT"
    FILE = "FILE"
    GONE = "GONE"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class TextPart:
    """A text part that was fetched, with its words if it has any."""

    kind: TextPartKind
    text: str = field(default="", repr=False)


def with_text_parts(message: InboundMessage, parts: Sequence[TextPart]) -> InboundMessage:
    """The message with the words of its text parts, which are `parts` in their order.

    Words that repeat others are left out. A part that could not be fetched stays as a file without
    an address, so that its sender is notified; one whose words do not fit stays as a file.
    """
    bodies = [message.body.strip()]
    fetched = dict(zip(message.text_parts, parts, strict=True))
    files = []
    for file in message.attachments:
        part = fetched.get(file, TextPart(TextPartKind.FILE))
        is_missing = part.kind in (TextPartKind.GONE, TextPartKind.UNAVAILABLE)
        if is_missing or part.kind is TextPartKind.FILE or not _fits(bodies, part.text):
            files.append(replace(file, url="") if is_missing else file)
        elif part.text and part.text not in bodies:
            bodies.append(part.text)
    body = message.body if len(bodies) == 1 else _joined(bodies)
    return replace(message, body=body, attachments=tuple(files), original_body=message.body)


def without_text_parts(message: InboundMessage) -> InboundMessage:
    """The message without the parts that may hold further words."""
    files = tuple(file for file in message.attachments if file not in message.text_parts)
    return replace(message, attachments=files)


def _joined(bodies: Sequence[str]) -> str:
    return "\n".join(filter(None, bodies))


def _fits(bodies: Sequence[str], text: str) -> bool:
    return text in bodies or len(_joined([*bodies, text])) <= MAX_LENGTH
