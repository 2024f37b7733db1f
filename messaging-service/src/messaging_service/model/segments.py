"""How many segments a text takes: what carriers charge, pace and cap by."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from messaging_service.model.message import OutboundMessage

# Flowroute, "Message Length & Concatenation": plain ASCII goes 160 characters at a time, longer
# texts 140; anything else as UCS-2, 70 at a time.
ASCII_SINGLE = 160

ASCII_EACH = 140

UCS2_EACH = 70

# GSM 03.38 and 03.40: 160 septets, of which a part of a longer text spends 7 on its header.
GSM7_SINGLE = 160

GSM7_EACH = 153

# GSM 03.38, the basic alphabet, without the escape that leads to the extension table.
_GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

# Each of these takes an escape and itself.
_GSM7_EXTENDED = frozenset("\f^{}\\[~]|€")


class Encoding(StrEnum):
    """What the carrier writes a text in."""

    ASCII = "ASCII"
    UCS2 = "UCS2"


@dataclass(frozen=True, slots=True)
class Segmentation:
    """`segments` is by the carrier's rule. `gsm7_segments` is what networks that pack septets need.

    It is for information only, and None when the text holds what GSM-7 does not have.
    """

    encoding: Encoding
    segments: int
    gsm7_segments: int | None


def count(body: str) -> Segmentation:
    """The segments of a text; an empty one takes one too."""
    if body.isascii():
        encoding, segments = Encoding.ASCII, _parts(len(body), ASCII_SINGLE, ASCII_EACH)
    else:
        encoding, segments = Encoding.UCS2, _parts(_utf16_units(body), UCS2_EACH, UCS2_EACH)
    return Segmentation(encoding, segments, _gsm7_segments(body))


def _parts(length: int, single: int, each: int) -> int:
    return 1 if length <= single else -(-length // each)


def _utf16_units(body: str) -> int:
    """Whether the carrier keeps a surrogate pair in one segment is not documented: units count."""
    return len(body.encode("utf-16-le", "surrogatepass")) // 2


def _gsm7_segments(body: str) -> int | None:
    if not _GSM7_BASIC.union(_GSM7_EXTENDED).issuperset(body):
        return None
    septets = [2 if character in _GSM7_EXTENDED else 1 for character in body]
    return 1 if sum(septets) <= GSM7_SINGLE else _packed(septets)


def _packed(septets: Iterable[int]) -> int:
    """An escape and what it stands before are never parted, GSM 03.38 has it."""
    segments, used = 1, 0
    for size in septets:
        if used + size > GSM7_EACH:
            segments, used = segments + 1, 0
        used += size
    return segments


def segments_of(text: OutboundMessage, media_count: int) -> int:
    """The segments that a text takes, 0 with files."""
    return 0 if media_count else count(text.body).segments
