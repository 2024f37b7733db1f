"""The net below redaction: finds what could be dialled in any text, and leaves ids and times."""

import re

NUMBER = "[number]"

# What people, programs and encodings put between digits: as it is, percent-encoded, unseen, in
# dashes of every width. At most three of them stand together, as in ") - ".
_BETWEEN = (
    r"(?:[\s().\-/_\u00ad\u00b7\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff]"
    r"|%(?:20|28|29|2[dDeE])){0,3}"
)

_PLUS = r"(?:\+|\uff0b|%2[bB]|\\u002[bB]|&#(?:43|x2[bB]);|&plus;|tel:|sms:)"

# Behind a plus it is a number whatever stands around it; seven digits are the shortest there are.
_INTERNATIONAL = re.compile(rf"{_PLUS}{_BETWEEN}\d(?:{_BETWEEN}\d){{6,}}", re.IGNORECASE)

# Without one, letters or a hyphen that touch it make it a part of an id. Eight digits and fewer are
# the sizes, ports and dates that lines are full of.
_NATIONAL = re.compile(
    rf"(?<!\w)(?<!\w[.-])(?<!%2[bB])\(?\d(?:{_BETWEEN}\d){{8,}}(?!\w)(?!-\w)", re.IGNORECASE
)

# Of nine digits and more, and no numbers: UUIDs, IPv4 addresses, times, and milliseconds since 1970
# with whatever ids of Redis's streams have behind them (country code 1 has eleven digits).
_HARMLESS = re.compile(
    r"[0-9]{8}(?:-[0-9]{4}){3}-[0-9]{12}"
    r"|(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}"
    r"|(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[ _][0-9]{2}"
    r"|1[6-9][0-9]{11}(?:-[0-9]+)?"
)


def scrub_phone_numbers(text: str) -> str:
    """The text with everything that could be a phone number taken out."""
    return _NATIONAL.sub(_unless_harmless, _INTERNATIONAL.sub(NUMBER, text))


def _unless_harmless(found: re.Match[str]) -> str:
    return found[0] if _HARMLESS.fullmatch(found[0]) else NUMBER
