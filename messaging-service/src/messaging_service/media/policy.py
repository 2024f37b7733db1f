"""What of a text's files is passed on: by policy before they are fetched, by content after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from messaging_service.media.file_types import is_layout, is_nothing, type_of
from messaging_service.media.images import is_picture, stripped
from messaging_service.model.media import Media, Unfit
from messaging_service.model.media_origins import Origin, is_allowed
from messaging_service.model.message import AttachmentPolicy, Text

# Flowroute publishes no number of files. More than this in one text nobody sends by hand.
FILES_LIMIT = 10

# FLOWROUTE: all files and the text within 750 kB, read as the lesser of its two meanings.
TOTAL_LIMIT_BYTES = 750_000

# For what the carrier writes around each file and the text.
MARGIN_BYTES = 10_000

# What a picture can be made to fit into; left for each one that is still to come.
LEAST_PICTURE_BYTES = 40_000


class Verdict(StrEnum):
    """What becomes of a file. The values are what the record of a text's files holds."""

    KEPT = "kept"
    REFUSED = "refused"
    # Not passed on, and no loss to anybody.
    DROPPED = "dropped"
    # It did not come yet.
    TRIED = "tried"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a file: with TRIED how often, with KEPT its size in bytes, its type and the
    token of its address."""

    verdict: Verdict
    number: int = 0
    content_type: str = ""
    token: str = field(default="", repr=False)


REFUSED = Fate(Verdict.REFUSED)

DROPPED = Fate(Verdict.DROPPED)


@dataclass(frozen=True, slots=True)
class Room:
    """What a file may take, in bytes: a picture, which can be made smaller, and another file."""

    picture: int
    other: int


def foregone(text: Text, allowed: Sequence[Origin]) -> dict[int, Fate]:
    """The fates, by position, of those files that need not be fetched."""
    fates: dict[int, Fate] = {}
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


def room_for(text: Text, fates: Mapping[int, Fate]) -> Room:
    """What one more file may take, so that those still to come find room as well.

    `fates` are those of the others.
    """
    settled = [fate for fate in fates.values() if fate.verdict is not Verdict.TRIED]
    taken = sum(fate.number for fate in settled)
    left = TOTAL_LIMIT_BYTES - MARGIN_BYTES - len(text.body.encode()) - taken
    after = len(text.attachments) - len(settled) - 1
    return Room(left // (after + 1), left - after * LEAST_PICTURE_BYTES)


def screened(content: bytes, claimed: str, policy: AttachmentPolicy, room: Room) -> Media | None:
    """What is passed on of a file, or None if there is nothing in it; raises Unfit."""
    if is_picture(content):
        return stripped(content, room.picture)
    if is_nothing(content, claimed):
        return None
    if policy is not AttachmentPolicy.ALL:
        raise Unfit("no picture")
    content_type = type_of(content, claimed)
    if content_type is None:
        raise Unfit("type")
    if len(content) > room.other:
        raise Unfit("too large")
    return Media(content_type, content)
