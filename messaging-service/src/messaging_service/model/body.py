"""Characters of a body that have to be replaced or cannot be sent."""

import re

# Flowroute's reference says that smart quotes cause errors and that straight ones should be sent.
_SINGLE = "\u2018\u2019\u201a\u201b"

_DOUBLE = "\u201c\u201d\u201e\u201f"

_STRAIGHT = str.maketrans(dict.fromkeys(_SINGLE, "'") | dict.fromkeys(_DOUBLE, '"'))

_NUL = "\x00"

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

# C0 without NUL, tab and line breaks: terminal controls that no handset shows.
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f]")


def normalise_quotes(body: str) -> str:
    """The body with straight quotes instead of curly ones."""
    return body.translate(_STRAIGHT)


def unsendable_reason(body: str) -> str | None:
    """Why the body cannot be given to a carrier, in one word; None if it can."""
    if _NUL in body:
        return "nul"
    if _LONE_SURROGATE.search(body):
        return "lone_surrogate"
    if _CONTROL.search(body):
        return "control"
    return None
