"""Decides which files of a message are passed on: before they are fetched, and by content after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from messaging_service.media.file_types import (
    detect_type,
    is_layout,
    is_negligible,
    is_plain_text,
    prose_of,
)
from messaging_service.model.media import TEXT, FetchedText, Media, TextOutcome, UnsupportedFile
from messaging_service.model.media_origins import Origin, is_allowed
from messaging_service.model.message import BODY_LIMIT, AttachmentPolicy, OutboundMessage

# Flowroute documents no limit. Nobody sends more than this in one message by hand.
FILES_LIMIT = 10

# FLOWROUTE: all files and the body within 750 kB, read as the smaller of its two meanings.
TOTAL_LIMIT_BYTES = 750_000

# For what the carrier adds around the files and the body.
MARGIN_BYTES = 10_000

# Any picture can be reduced to this; it is reserved for each file still to come.
MIN_PICTURE_BYTES = 40_000


class FileStatus(StrEnum):
    """What happened to a file. The values are stored."""

    KEPT = "kept"
    REFUSED = "refused"
    # Not passed on, and no loss.
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """The status of a file. A stored file also has its size, its type and the token of its URL."""

    status: FileStatus
    size_bytes: int = 0
    content_type: str = ""
    token: str = field(default="", repr=False)


REFUSED = FileOutcome(FileStatus.REFUSED)

DROPPED = FileOutcome(FileStatus.DROPPED)


@dataclass(frozen=True, slots=True)
class SizeBudget:
    """How many bytes one file may have: a picture, which can be reduced, or another file."""

    picture: int
    other: int


def rejected_unfetched(
    message: OutboundMessage, allowed: Sequence[Origin]
) -> dict[int, FileOutcome]:
    """The outcomes, by position, of the files that need not be fetched."""
    outcomes: dict[int, FileOutcome] = {}
    left = 0 if message.attachment_policy is AttachmentPolicy.NONE else FILES_LIMIT
    for position, attachment in enumerate(message.attachments):
        if is_layout(attachment.content_type):
            outcomes[position] = DROPPED
        elif not left or not is_allowed(attachment.url, allowed):
            outcomes[position] = REFUSED
        else:
            left -= 1
    return outcomes


def size_budget(message: OutboundMessage, outcomes: Mapping[int, FileOutcome]) -> SizeBudget:
    """The budget of one more file, so that the files still to come have room as well.

    `outcomes` are those of the files that are done.
    """
    used = sum(outcome.size_bytes for outcome in outcomes.values())
    left = TOTAL_LIMIT_BYTES - MARGIN_BYTES - len(message.body.encode()) - used
    after = len(message.attachments) - len(outcomes) - 1
    return SizeBudget(left // (after + 1), left - after * MIN_PICTURE_BYTES)


def sanitize(
    content: bytes, claimed: str, policy: AttachmentPolicy, budget: SizeBudget
) -> Media | None:
    """A file that is no picture as it is passed on; None if it is negligible.

    Raises UnsupportedFile.
    """
    if is_negligible(content, claimed):
        return None
    if policy is not AttachmentPolicy.ALL:
        raise UnsupportedFile("no picture")
    content_type = TEXT if is_plain_text(content, claimed) else detect_type(content)
    if content_type is None:
        raise UnsupportedFile("type")
    if len(content) > budget.other:
        raise UnsupportedFile("too large")
    return Media(content_type, content)


def text_part(content: bytes) -> FetchedText:
    """What a part is that is declared as plain text; its words if they fit into a body."""
    prose = "" if is_negligible(content, TEXT) else prose_of(content)
    if prose is None or len(prose) > BODY_LIMIT:
        return FetchedText(TextOutcome.FILE)
    return FetchedText(TextOutcome.TEXT, prose)
