"""Marked numbers, bodies and a picture, and the search for them in any encoding."""

import json
from collections.abc import Iterable, Mapping
from io import BytesIO
from urllib.parse import quote, quote_plus

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from support.observation.marker_search import spellings

ALICE, BOB, CAROL = "+14255550137", "+12535550148", "+13605550159"
# A number that only clients use; and a number that no pool has.
DAVE, NOWHERE = "+15095550162", "+12065550173"
NUMBERS = (ALICE, BOB, CAROL, DAVE)
# ASCII, other alphabets, quotes, a picture, a malformed callback.
SAID = "quillmark-said"
SAID_IN_OTHER_LETTERS = "märkezeichen-Ω-標記-😀"
SAID_IN_QUOTES = 'quillmark "in" \\quotes\\'
SAID_TOO_LONG = "quillmark-long"
SAID_UNSENDABLE = "quillmark-nul"
SAID_IN_VAIN = "quillmark-undelivered"
SAID_IN_AN_OUTAGE = "quillmark-outage"
SAID_BY_A_CLIENT = "quillmark-client"
SAID_BY_A_STRANGER = "quillmark-stranger"
SAID_UNREADABLY = "quillmark-broken"
IN_A_PICTURE = "quillmark-47.6N-122.3W"
FILE_NAME = "quillmark-own-name"
WORDS = (
    SAID,
    SAID_IN_OTHER_LETTERS,
    SAID_IN_QUOTES,
    SAID_TOO_LONG,
    SAID_UNSENDABLE,
    SAID_IN_VAIN,
    SAID_IN_AN_OUTAGE,
    SAID_BY_A_CLIENT,
    SAID_BY_A_STRANGER,
    SAID_UNREADABLY,
    IN_A_PICTURE,
    FILE_NAME,
)


def number_forms(number: str) -> tuple[str, ...]:
    """The formats of a North American number."""
    area, office, line = number[2:5], number[5:8], number[8:]
    return (
        f"{area}{office}{line}",
        f"{area}-{office}-{line}",
        f"{area}.{office}.{line}",
        f"{area} {office} {line}",
        f"({area}) {office}-{line}",
    )


def leaks(places: Mapping[str, bytes], *, words: Iterable[str] = WORDS) -> dict[str, set[str]]:
    """The marks found in each place, in any encoding; places without any are left out.

    A number is found by its national form. In base64 all three alignments are tried.
    """
    marks = [*(form for number in NUMBERS for form in number_forms(number)), *words]
    spelled = [(mark, spelling) for mark in marks for spelling in _spelled(mark)]
    found = {
        name: {mark for mark, spelling in spelled if spelling in content}
        for name, content in places.items()
    }
    return {name: marks for name, marks in found.items() if marks}


def _spelled(mark: str) -> set[bytes]:
    """All encodings, also JSON in JSON, forms and parts of a URL."""
    twice = json.dumps(json.dumps(mark)[1:-1])[1:-1]
    return spellings(mark) | {one.encode() for one in (twice, quote_plus(mark), quote(mark, ""))}


def marked_picture() -> bytes:
    """A PNG with the mark in every place that a PNG has for text."""
    exif, text = Image.Exif(), PngInfo()
    exif[0x010E] = IN_A_PICTURE
    text.add_text("Comment", IN_A_PICTURE)
    written = BytesIO()
    Image.new("RGB", (32, 16), (250, 0, 0)).save(written, "PNG", exif=exif, pnginfo=text)
    return written.getvalue() + IN_A_PICTURE.encode()
