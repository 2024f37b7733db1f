"""Removes anything that could be a phone number from a text, and leaves ids and times.

The second line of defence, behind the allow-list of fields.
"""

import re

NUMBER = "[number]"

# Separators between digits: spaces, brackets, dashes of every width, invisible characters, and
# their percent-encoded forms. At most three stand together, as in ") - ".
_BETWEEN = (
    r"(?:[\s().\-/_\u00ad\u00b7\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff]"
    r"|%(?:20|28|29|2[dDeE])){0,3}"
)

_PLUS = r"(?:\+|\uff0b|%2[bB]|\\u002[bB]|&#(?:43|x2[bB]);|&plus;|tel:|sms:)"

# After a plus it is a number, whatever stands around it. The shortest numbers have seven digits.
_INTERNATIONAL = re.compile(rf"{_PLUS}{_BETWEEN}\d(?:{_BETWEEN}\d){{6,}}", re.IGNORECASE)

# Without a plus, adjacent letters or a hyphen make it a part of an id. Eight digits and fewer are
# sizes, ports and dates.
_NATIONAL = re.compile(
    rf"(?<!\w)(?<!\w[.-])(?<!%2[bB])\(?\d(?:{_BETWEEN}\d){{8,}}(?!\w)(?!-\w)", re.IGNORECASE
)

# Nine digits and more, but no phone numbers: UUIDs, IPv4 addresses, times, and milliseconds since
# 1970, also as ids of Redis streams (a number with country code 1 has eleven digits).
_HARMLESS = re.compile(
    r"[0-9]{8}(?:-[0-9]{4}){3}-[0-9]{12}"
    r"|(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}"
    r"|(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[ _][0-9]{2}"
    r"|1[6-9][0-9]{11}(?:-[0-9]+)?"
)


def scrub_phone_numbers(text: str) -> str:
    """The text with a placeholder for everything that could be a phone number."""
    return _NATIONAL.sub(_unless_harmless, _INTERNATIONAL.sub(NUMBER, text))


def _unless_harmless(match: re.Match[str]) -> str:
    return match[0] if _HARMLESS.fullmatch(match[0]) else NUMBER
