"""The structure of JPEG files, read without decoding them."""

import re

# A marker, behind which a segment or the data of a scan follows. In the data of a scan only a byte
# of zero or a restart marker follows 0xFF.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)

_START_OF_SCAN, _END_OF_IMAGE = b"\xda", b"\xd9"

END = b"\xff\xd9"


def has_more_scans(content: bytes, limit: int) -> bool:
    """Whether a JPEG has more scans than that. Each one costs as much as decoding it once."""
    scans, position = 0, 0
    while scans <= limit and (marker := _MARKER.search(content, position)):
        if marker[1] == _END_OF_IMAGE:
            return False
        scans += marker[1] == _START_OF_SCAN
        length = int.from_bytes(content[marker.end() : marker.end() + 2], "big")
        position = marker.end() + length
    return scans > limit
