"""Counts segments: the unit by which carriers charge, limit rates and cap budgets."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from messaging_service.model.message import OutboundMessage

# Flowroute, "Message Length & Concatenation": ASCII takes 160 characters, or 140 a segment if the
# body is longer; any other body is UCS-2, 70 units a segment.
ASCII_SINGLE = 160

ASCII_EACH = 140

UCS2_EACH = 70

# GSM 03.38 and 03.40: 160 septets, of which a segment of a longer body spends 7 on its header.
GSM7_SINGLE = 160

GSM7_EACH = 153

# GSM 03.38, the basic alphabet without the escape to the extension table.
_GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

# Characters of the extension table: an escape and a septet each.
_GSM7_EXTENDED = frozenset("\f^{}\\[~]|€")


class Encoding(StrEnum):
    """The encoding that the carrier uses for a body."""

    ASCII = "ASCII"
    UCS2 = "UCS2"


@dataclass(frozen=True, slots=True)
class Segmentation:
    """`segments` follows the carrier's rule. `gsm7_segments` is the count in GSM-7 networks.

    It is for information only, and None if the body has characters that GSM-7 lacks.
    """

    encoding: Encoding
    segments: int
    gsm7_segments: int | None


def count(body: str) -> Segmentation:
    """The segments of a body; an empty one takes one."""
    if body.isascii():
        encoding, segments = Encoding.ASCII, _parts(len(body), ASCII_SINGLE, ASCII_EACH)
    else:
        encoding, segments = Encoding.UCS2, _parts(_utf16_units(body), UCS2_EACH, UCS2_EACH)
    return Segmentation(encoding, segments, _gsm7_segments(body))


def _parts(length: int, single: int, each: int) -> int:
    return 1 if length <= single else -(-length // each)


def _utf16_units(body: str) -> int:
    """Units, as it is not documented whether the carrier splits surrogate pairs."""
    return len(body.encode("utf-16-le", "surrogatepass")) // 2


def _gsm7_segments(body: str) -> int | None:
    if not _GSM7_BASIC.union(_GSM7_EXTENDED).issuperset(body):
        return None
    septets = [2 if character in _GSM7_EXTENDED else 1 for character in body]
    return 1 if sum(septets) <= GSM7_SINGLE else _packed(septets)


def _packed(septets: Iterable[int]) -> int:
    """GSM 03.38 never splits an escape from the character behind it."""
    segments, used = 1, 0
    for size in septets:
        if used + size > GSM7_EACH:
            segments, used = segments + 1, 0
        used += size
    return segments


def segments_of(message: OutboundMessage, media_count: int) -> int:
    """The segments of a message; 0 for an MMS."""
    return 0 if media_count else count(message.body).segments
