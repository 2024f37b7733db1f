"""Tells pictures from videos among ISO base media files, which share a container."""

from enum import Enum, auto

# A major brand, a version and compatible brands of four bytes each. Writers name a dozen at most.
BRANDS_LIMIT_BYTES = 256

_HEIF = frozenset(["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"])

_AVIF = frozenset(["avif", "avis", "avio"])

# Raw pictures of Canon, JPEG 2000, JPEG XL and JPEG within HEIF, VVC and AVC pictures.
_OTHER_PICTURES = frozenset(
    [
        "crx",
        "jp2",
        "jpx",
        "jpm",
        "jxl",
        "jpeg",
        "jpgs",
        "j2ki",
        "j2is",
        "j2k1",
        "vvic",
        "vvis",
        "avci",
        "avcs",
        "mif2",
        "pict",
    ]
)

_VIDEOS = frozenset(
    [
        "isom",
        "iso2",
        "iso3",
        "iso4",
        "iso5",
        "iso6",
        "iso7",
        "iso8",
        "iso9",
        "isoa",
        "isob",
        "isoc",
        "mp41",
        "mp42",
        "mp71",
        "avc1",
        "hvc1",
        "hev1",
        "qt",
        "m4v",
        "m4vh",
        "m4vp",
        "m4a",
        "m4b",
        "f4v",
        "msnv",
        "mmp4",
        "dash",
        "cmfc",
        "xavc",
        "face",
        "kddi",
        "ndxp",
        "ndsc",
        "ndsm",
        "ndsp",
        "ndss",
        "ndsh",
        "ndxc",
        "ndxm",
        "ndxs",
        "ndxh",
    ]
)

# A file of items, which pictures are, names their handler so.
_PICTURE_HANDLER = b"hdlr" + bytes(8) + b"pict"


class IsoMedia(Enum):
    """What an ISO base media file is."""

    HEIF = auto()
    AVIF = auto()
    VIDEO_3GPP = auto()
    VIDEO_MP4 = auto()
    OTHER = auto()


def iso_media(content: bytes) -> IsoMedia | None:
    """What the file is by its brands; None if it is no ISO base media file.

    One brand of a picture makes it a picture: many list the brands of videos as well.
    """
    if content[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(content[:4], "big"), BRANDS_LIMIT_BYTES)
    major, *compatible = (_brand(content, at) for at in (8, *range(16, size - 3, 4)))
    brands = {major, *compatible}
    if brands & _OTHER_PICTURES:
        return IsoMedia.OTHER
    if brands & _AVIF:
        return IsoMedia.AVIF
    if brands & _HEIF:
        return IsoMedia.HEIF
    return _video(major) if _PICTURE_HANDLER not in content else IsoMedia.OTHER


def _video(major: str) -> IsoMedia:
    if major.startswith(("3gp", "3g2", "3ge", "3gg", "3gr", "3gs")):
        return IsoMedia.VIDEO_3GPP
    return IsoMedia.VIDEO_MP4 if major in _VIDEOS else IsoMedia.OTHER


def _brand(content: bytes, start: int) -> str:
    """A brand in lower case, without the spaces and zeros that fill it up."""
    return content[start : start + 4].decode("latin-1").strip(" \0").lower()
