"""Pictures, and the other file types that the carrier accepts, detected by content."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from messaging_service.media.iso_media import IsoMedia, iso_media
from messaging_service.model.body import unsendable_reason
from messaging_service.model.media import TEXT, is_text, media_type

# A layout of the other files of an MMS.
SMIL = "application/smil"

# The root element of a layout is within these bytes, behind a declaration at most.
HEAD_BYTES = 512

# FLOWROUTE's outbound types with the extension that phones know them by.
EXTENSIONS: Mapping[str, str] = {
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
    matches: Callable[[bytes], bool]


# The first bytes of a frame of MPEG layer III.
_LAYER_3 = (b"\xff\xfa", b"\xff\xfb", b"\xff\xf2", b"\xff\xf3")

_SIGNATURES = (
    _Signature("video/x-msvideo", lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI "),
    _Signature("video/mpeg", lambda head: head[:4] in (b"\0\0\1\xba", b"\0\0\1\xb3")),
    _Signature("audio/amr", lambda head: head[:5] == b"#!AMR"),
    _Signature("audio/midi", lambda head: head[:4] == b"MThd"),
    _Signature("audio/wav", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE"),
    _Signature("audio/ac3", lambda head: head[:2] == b"\x0b\x77"),
    # Starts with an ID3 tag or with the first frame.
    _Signature("audio/mpeg", lambda head: head[:3] == b"ID3" or head[:2] in _LAYER_3),
)


_ISO_VIDEOS = {IsoMedia.VIDEO_3GPP: "video/3gpp", IsoMedia.VIDEO_MP4: "video/mp4"}

# The sizes of the header behind the first 14 bytes of a BMP: two letters alone could be words.
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)


def is_picture(content: bytes) -> bool:
    """Whether the first bytes are those of a picture that can be decoded."""
    is_bmp = content[:2] == b"BM" and int.from_bytes(content[14:18], "little") in _BMP_HEADERS
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    is_iso = iso_media(content) in (IsoMedia.HEIF, IsoMedia.AVIF)
    starts = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
    return content.startswith(starts) or is_bmp or is_webp or is_iso


def is_layout(content_type: str) -> bool:
    """Whether the file only says how other files are to be shown."""
    return media_type(content_type) == SMIL


def is_negligible(content: bytes, claimed: str) -> bool:
    """Whether leaving the file out loses nothing: a layout of any type, or an empty text."""
    is_empty_text = not content.strip() and is_text(claimed)
    return b"<smil" in content[:HEAD_BYTES].lower() or is_empty_text


def detect_type(content: bytes) -> str | None:
    """The type of a file that the carrier accepts and that is no picture; None for any other."""
    if iso := iso_media(content):
        return _ISO_VIDEOS.get(iso)
    for signature in _SIGNATURES:
        if signature.matches(content):
            return signature.content_type
    return None


def prose_of(content: bytes) -> str | None:
    """The words of a text part; None for any other file.

    vCards and calendars are text as well, but contain personal data.
    """
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return None
    is_binary = unsendable_reason(text) and (is_picture(content) or detect_type(content))
    return None if is_binary or text.upper().startswith("BEGIN:") else text


def is_plain_text(content: bytes, claimed: str) -> bool:
    """Whether it is a text that can be passed on as a file."""
    prose = prose_of(content) if is_text(claimed) else None
    return bool(prose) and unsendable_reason(prose or "") is None
