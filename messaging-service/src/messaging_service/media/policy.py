"""What of a text's files is passed on: by policy before they are fetched, by content after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from messaging_service.media.file_types import is_layout, is_nothing, type_of
from messaging_service.media.images import is_picture, strip_metadata
from messaging_service.model.media import Media, UnsupportedFile
from messaging_service.model.media_origins import Origin, is_allowed
from messaging_service.model.message import AttachmentPolicy, OutboundMessage

# Flowroute publishes no number of files. More than this in one text nobody sends by hand.
FILES_LIMIT = 10

# FLOWROUTE: all files and the text within 750 kB, read as the lesser of its two meanings.
TOTAL_LIMIT_BYTES = 750_000

# For what the carrier writes around each file and the text.
MARGIN_BYTES = 10_000

# What a picture can be made to fit into; left for each one that is still to come.
LEAST_PICTURE_BYTES = 40_000


class FileStatus(StrEnum):
    """What becomes of a file. The values are what the record of a text's files holds."""

    KEPT = "kept"
    REFUSED = "refused"
    # Not passed on, and no loss to anybody.
    DROPPED = "dropped"
    # It did not come yet.
    TRIED = "tried"


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of a file: with TRIED how often, with KEPT its size in bytes, its type and the
    token of its address."""

    verdict: FileStatus
    number: int = 0
    content_type: str = ""
    token: str = field(default="", repr=False)


REFUSED = FileOutcome(FileStatus.REFUSED)

DROPPED = FileOutcome(FileStatus.DROPPED)


@dataclass(frozen=True, slots=True)
class Room:
    """What a file may take, in bytes: a picture, which can be made smaller, and another file."""

    picture: int
    other: int


def rejected_unfetched(text: OutboundMessage, allowed: Sequence[Origin]) -> dict[int, FileOutcome]:
    """The fates, by position, of those files that need not be fetched."""
    fates: dict[int, FileOutcome] = {}
    left = FILES_LIMIT
    for position, attachment in enumerate(text.attachments):
        if is_layout(attachment.content_type):
            fates[position] = DROPPED
        elif (
            text.attachment_policy is AttachmentPolicy.NONE
            or not left
            or not is_allowed(attachment.url, allowed)
        ):
            fates[position] = REFUSED
        else:
            left -= 1
    return fates


def size_budget(text: OutboundMessage, fates: Mapping[int, FileOutcome]) -> Room:
    """What one more file may take, so that those still to come find room as well.

    `fates` are those of the others.
    """
    settled = [fate for fate in fates.values() if fate.verdict is not FileStatus.TRIED]
    taken = sum(fate.number for fate in settled)
    left = TOTAL_LIMIT_BYTES - MARGIN_BYTES - len(text.body.encode()) - taken
    after = len(text.attachments) - len(settled) - 1
    return Room(left // (after + 1), left - after * LEAST_PICTURE_BYTES)


def sanitize(content: bytes, claimed: str, policy: AttachmentPolicy, room: Room) -> Media | None:
    """What is passed on of a file, or None if there is nothing in it; raises Unfit."""
    if is_picture(content):
        return strip_metadata(content, room.picture)
    if is_nothing(content, claimed):
        return None
    if policy is not AttachmentPolicy.ALL:
        raise UnsupportedFile("no picture")
    content_type = type_of(content, claimed)
    if content_type is None:
        raise UnsupportedFile("type")
    if len(content) > room.other:
        raise UnsupportedFile("too large")
    return Media(content_type, content)
