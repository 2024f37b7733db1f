"""What has to be changed in a text, or keeps it from being sent at all."""

import re

# Flowroute's reference of every version says that smart quotes are known to cause errors and that
# straight ones should be sent. Left, right, low and reversed ones are all that is changed.
_SINGLE = "\u2018\u2019\u201a\u201b"

_DOUBLE = "\u201c\u201d\u201e\u201f"

_STRAIGHT = str.maketrans(dict.fromkeys(_SINGLE, "'") | dict.fromkeys(_DOUBLE, '"'))

_NUL = "\x00"

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

# C0 without NUL, tab and line breaks: terminal controls that no handset shows.
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f]")


def normalise_quotes(body: str) -> str:
    """The text with straight quotes for curly ones."""
    return body.translate(_STRAIGHT)


def unsendable_reason(body: str) -> str | None:
    """Why no carrier can be given this text, in a word; None when it can be."""
    if _NUL in body:
        return "nul"
    if _LONE_SURROGATE.search(body):
        return "lone_surrogate"
    if _CONTROL.search(body):
        return "control"
    return None
