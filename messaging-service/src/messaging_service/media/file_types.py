"""Which files besides pictures a carrier takes, told by their content."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

# A layout of the other files, not a file of its own.
SMIL = "application/smil"

TEXT = "text/plain"

# A layout's first element comes at once, behind a declaration at most.
HEAD_BYTES = 512

# FLOWROUTE's outbound types with the ending that phones know them by.
ENDINGS: Mapping[str, str] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "video/3gpp": "3gp",
    "video/mp4": "mp4",
    "video/x-msvideo": "avi",
    "video/mpeg": "mpg",
    "audio/amr": "amr",
    "audio/midi": "mid",
    "audio/wav": "wav",
    "audio/ac3": "ac3",
    "audio/mpeg": "mp3",
    TEXT: "txt",
}


@dataclass(frozen=True, slots=True)
class _Signature:
    content_type: str
    fits: Callable[[bytes], bool]


# How frames of MPEG layer III begin.
_LAYER_3 = (b"\xff\xfa", b"\xff\xfb", b"\xff\xf2", b"\xff\xf3")

_SIGNATURES = (
    _Signature("video/3gpp", lambda head: head[4:10] == b"ftyp3g"),
    _Signature("video/mp4", lambda head: head[4:8] == b"ftyp"),
    _Signature("video/x-msvideo", lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI "),
    _Signature("video/mpeg", lambda head: head[:4] in (b"\0\0\1\xba", b"\0\0\1\xb3")),
    _Signature("audio/amr", lambda head: head[:5] == b"#!AMR"),
    _Signature("audio/midi", lambda head: head[:4] == b"MThd"),
    _Signature("audio/wav", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE"),
    _Signature("audio/ac3", lambda head: head[:2] == b"\x0b\x77"),
    # With a tag in front, or a frame of MPEG layer III at once.
    _Signature("audio/mpeg", lambda head: head[:3] == b"ID3" or head[:2] in _LAYER_3),
)


def plain(content_type: str) -> str:
    """A type without its parameters, in small letters."""
    return content_type.partition(";")[0].strip().lower()


def is_layout(content_type: str) -> bool:
    """Whether this is what only says how other files are to be shown."""
    return plain(content_type) == SMIL


def is_nothing(content: bytes, claimed: str) -> bool:
    """Whether nobody misses it: a layout by any name, or the empty part of a text."""
    return b"<smil" in content[:HEAD_BYTES].lower() or (not content and plain(claimed) == TEXT)


def type_of(content: bytes, claimed: str) -> str | None:
    """The type of a file that the carrier takes and that is no picture; None for any other."""
    for signature in _SIGNATURES:
        if signature.fits(content):
            return signature.content_type
    return TEXT if plain(claimed) == TEXT and _is_text(content) else None


def _is_text(content: bytes) -> bool:
    """Whether it is words. A vCard or a calendar is text by its letters and data by its sense."""
    try:
        words = content.decode()
    except UnicodeDecodeError:
        return False
    return "\0" not in words and not words.lstrip("\ufeff \r\n\t").upper().startswith("BEGIN:")
